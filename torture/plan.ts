import { makeQuery, makeTurn, type TurnContent } from './content.ts';
import type { Batch, Door, Epoch, RefusedContent, SentTurn } from './ledger.ts';
import type { Random } from './random.ts';

/** What goes to the server: the input of the mutation. */
type Input = Readonly<Record<string, unknown>>;

const KEYLESS = 0.04;
const SHARED_CONVERSATIONS = 3;
const USERS = ['default', 'ada', 'Zoë Ω'] as const;

/** One request of a writer: to a conversation of its own, or to one that all writers share. */
export function planBatch(
  random: Random,
  epoch: Epoch,
  writer: number,
  mark: string,
): { batch: Batch; input: Input } {
  const shared = random.chance(0.3);
  const slot = shared ? random.integer(1, SHARED_CONVERSATIONS) : random.integer(1, 2);
  const conversationId = `${epoch.prefix}${shared ? 's' : `w${writer}-`}${slot}`;
  const userId = USERS[(shared ? slot : writer) % USERS.length] ?? 'default';
  const door = random.weighted<{ door: Door; weight: number }>([
    { door: 'recordTurns', weight: 70 },
    { door: 'processQuery', weight: 18 },
    { door: 'rest', weight: 12 },
  ]).door;
  const keyed = !random.chance(KEYLESS);
  const place = { conversationId, userId };
  const { turns, input } =
    door === 'recordTurns' ? planTurns(random, mark, keyed, place) : planQuery(random, mark, keyed, place);
  const batch = {
    writer,
    door,
    ...place,
    turns,
    sentAt: 0,
    ackedAt: null,
    durability: null,
    firstDurability: null,
    attempts: 0,
  };
  return { batch, input };
}

/**
 * A request like one that was acknowledged, but with another content under its last key; sometimes with a new turn
 * beside it, which must be refused, too: all or nothing.
 */
export function planChallenge(
  random: Random,
  batch: Batch,
  input: Input,
  mark: string,
): { refused: RefusedContent; input: Input } {
  const { conversationId } = batch;
  const marks = [`${mark}.refused`];
  const query = makeQuery(random, `${mark}.refused`);
  if (batch.door !== 'recordTurns')
    return { refused: { conversationId, marks, unsure: false }, input: { ...input, query } };
  const other = { query, idempotencyKey: batch.turns.at(-1)?.key };
  const turns: object[] = [other];
  if (random.chance(0.5)) {
    marks.push(`${mark}.beside`);
    turns.unshift({ ...makeTurn(random, `${mark}.beside`), idempotencyKey: `${mark}.beside` });
  }
  return { refused: { conversationId, marks, unsure: false }, input: { ...input, turns } };
}

function planTurns(
  random: Random,
  mark: string,
  keyed: boolean,
  place: object,
): { turns: SentTurn[]; input: Input } {
  const size = random.chance(0.6) ? random.integer(1, 3) : random.integer(1, 20);
  const contents = Array.from({ length: size }, (_, index) => makeTurn(random, `${mark}.${index}`));
  const turns = contents.map((content, index) => ({
    mark: `${mark}.${index}`,
    key: keyed ? `${mark}.${index}` : null,
    expected: { values: expectedRow(content) },
    acked: null,
  }));
  const sent = contents.map((content, index) => {
    const key = turns[index]?.key;
    return { ...content, ...(key && { idempotencyKey: key }) };
  });
  return { turns, input: { ...place, turns: sent } };
}

function planQuery(
  random: Random,
  mark: string,
  keyed: boolean,
  place: object,
): { turns: SentTurn[]; input: Input } {
  const query = makeQuery(random, mark, 2_000);
  const key = keyed ? `key ${mark}` : null;
  const expected = { values: { query } };
  return {
    turns: [{ mark, key, expected, acked: null }],
    input: { ...place, query, ...(key && { idempotencyKey: key }) },
  };
}

/** What the row of a recorded turn must hold; what was not sent and has no fixed default is not compared. */
function expectedRow(content: TurnContent): Record<string, unknown> {
  const { timestamp, ...values } = content;
  return {
    response: '',
    speaker: null,
    responder: null,
    sessionId: null,
    intent: null,
    modelUsed: 'external',
    metadata: {},
    ...values,
    // A Date becomes this text in JSON, too.
    ...(timestamp !== undefined && { timestamp }),
  };
}
