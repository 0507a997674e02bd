import type { Batch, CharacterBatch, SentCharacter, TurnBatch } from './batches.ts';
import { type CharacterInput, isObject } from './records.ts';

/** One GraphQL request; with a file: its upload, which is answered as the operation would be. */
export type Operation = { query: string; variables: Record<string, unknown>; file?: Buffer };
/** The answer to a GraphQL request, as it came. */
export type GraphQLResult = {
  data?: Record<string, unknown> | null;
  errors?: readonly { message: string; extensions?: Record<string, unknown> }[];
};
export type Send = (operation: Operation) => Promise<GraphQLResult>;
/** What the server said about a batch: how many of its items it had already. */
export type Acknowledgement = {
  sent: number;
  replayed: number;
  /** Those that the server's journal keeps until its database takes them. */
  waiting?: WaitingTurns;
  /** Names of characters that were there before and are another now. */
  changedCharacters?: readonly string[];
};

/** Turns of one batch, as the journal has them: all of them get to the database, or none. */
export type WaitingTurns = {
  turnIds: readonly string[];
  /** Of these: how many are known to have been stored before. */
  replayed: number;
  /** The database did not tell whether the others had been. */
  isUncertain: boolean;
};

/** The server answered and did not take a batch. Trying the same batch again would not help. */
export class ImportRefusedError extends Error {
  override readonly name = 'ImportRefusedError';
  readonly code: string;
  /** What the server said. */
  readonly problem: string;
  /** Places in the batch whose idempotency keys are taken; empty where the refusal is of another kind. */
  readonly positions: readonly number[];
  /** The turns that have these keys. */
  readonly turnIds: readonly string[];
  constructor(
    code: string,
    problem: string,
    taken: { positions: readonly number[]; turnIds: readonly string[] } = { positions: [], turnIds: [] },
  ) {
    const remedy = code === 'UNAUTHENTICATED' ? '; a command shows the one in ECHO_API_KEY' : '';
    super(`${code}: ${problem}${remedy}`);
    this.code = code;
    this.problem = problem;
    this.positions = taken.positions;
    this.turnIds = taken.turnIds;
  }
}

/**
 * Sends one batch and reads the server's acknowledgement.
 *
 * @param userId whose turns these are; null for the caller's own
 * @throws ImportRefusedError where the server refused it or acknowledged something else than what was sent
 */
export async function sendBatch(batch: Batch, userId: string | null, send: Send): Promise<Acknowledgement> {
  return batch.kind === 'turns' ? sendTurns(batch, userId, send) : sendCharacters(batch, send);
}

const RECORD_TURNS = `mutation ImportTurns($input: RecordTurnsInput!) {
  result: recordTurns(input: $input) {
    __typename
    ... on RecordTurnsSuccess { durability replayed uncertain interactions { turnId } }
    ... on Error { code message }
    ... on IdempotencyKeyReusedError { positions turnIds }
    ... on InteractionDeletedError { positions turnIds }
  }
}`;

const UPSERT_CHARACTERS = `mutation ImportCharacters($inputs: [CharacterInput!]!) {
  result: upsertCharacters(inputs: $inputs) {
    __typename
    ... on UpsertCharactersSuccess { outcomes }
    ... on Error { code message }
  }
}`;

/** Characters of a card in Base64 beyond which it is uploaded: 700,000 bytes. */
const MAX_IN_GRAPHQL = 933_336;

/** A card of its own: greetings, lore, picture and what else it holds stay with the character. */
const IMPORT_CHARACTER = `mutation ImportCharacter($input: ImportCharacterInput!) {
  result: importCharacter(input: $input) {
    __typename
    ... on UpsertCharacterSuccess { outcome }
    ... on Error { code message }
  }
}`;

async function sendTurns(batch: TurnBatch, userId: string | null, send: Send): Promise<Acknowledgement> {
  const { conversationId, title, turns } = batch;
  const input = {
    conversationId,
    ...(userId === null ? {} : { userId }),
    ...(title === null ? {} : { title }),
    turns,
  };
  const success = readSuccess(await send({ query: RECORD_TURNS, variables: { input } }));
  const { durability, replayed, uncertain, interactions } = success;
  if (!Array.isArray(interactions) || interactions.length !== turns.length || typeof replayed !== 'number') {
    const count = Array.isArray(interactions) ? interactions.length : 0;
    throw new ImportRefusedError(
      'UNEXPECTED_RESPONSE',
      `${turns.length} turns were sent and ${count} acknowledged`,
    );
  }
  const acknowledged = { sent: turns.length, replayed };
  if (durability !== 'JOURNALED' || replayed === turns.length) return acknowledged;
  const turnIds = (interactions as { turnId: string }[]).map(({ turnId }) => turnId);
  return { ...acknowledged, waiting: { turnIds, replayed, isUncertain: uncertain !== 0 } };
}

/** Turns that are read with one request. */
const MAX_TURNS_READ = 20;

/** What is stored of turns, in the order given; null for one that the caller cannot see. */
export async function readTurns(turnIds: readonly string[], send: Send): Promise<(StoredTurn | null)[]> {
  const turns: (StoredTurn | null)[] = [];
  for await (const { found } of readFields(turnIds, 'query response speaker responder', send))
    turns.push(...found.map((turn) => turn as StoredTurn | null));
  return turns;
}

/** How many of these turns the database has yet to take, and how many are nowhere. */
export async function turnsThatWait(
  turnIds: readonly string[],
  send: Send,
): Promise<{ waiting: number; missing: number }> {
  const count = { waiting: 0, missing: 0 };
  for await (const { found, isAnswered } of readFields(turnIds, 'sequence', send)) {
    // A database that is away tells nothing of its turns.
    count.waiting += isAnswered ? found.filter((turn) => turn?.sequence === null).length : found.length;
    if (isAnswered) count.missing += found.filter((turn) => turn === null).length;
  }
  return count;
}

async function* readFields(turnIds: readonly string[], fields: string, send: Send) {
  for (let start = 0; start < turnIds.length; start += MAX_TURNS_READ) {
    const ids = turnIds.slice(start, start + MAX_TURNS_READ);
    const names = ids.map((_, index) => `$t${index}: ID!`).join(', ');
    const asked = ids.map((_, index) => `t${index}: interaction(turnId: $t${index}) { ${fields} }`);
    const { data, errors } = await send({
      query: `query StoredTurns(${names}) { ${asked.join(' ')} }`,
      variables: Object.fromEntries(ids.map((id, index) => [`t${index}`, id])),
    });
    const found = ids.map((_, index) => data?.[`t${index}`]);
    yield {
      found: found.map((turn) => (isObject(turn) ? turn : null)),
      isAnswered: isObject(data) && errors === undefined,
    };
  }
}

export type StoredTurn = {
  query: string;
  response: string | null;
  speaker: string | null;
  responder: string | null;
};

async function sendCharacters(batch: CharacterBatch, send: Send): Promise<Acknowledgement> {
  const changed: CharacterInput[] = [];
  for (const character of batch.characters)
    if ((await sendCharacter(character, send)) === 'CHANGED') changed.push(character);
  return {
    sent: batch.characters.length,
    replayed: 0,
    changedCharacters: changed.map(({ characterName }) => characterName),
  };
}

/** A card is a whole profile: fields of another one of that name do not belong to it. @returns what was done */
async function sendCharacter({ card, ...character }: SentCharacter, send: Send): Promise<unknown> {
  if (card !== undefined) {
    const input = { content: card, replace: true };
    const isLarge = card.length > MAX_IN_GRAPHQL;
    const sent = isLarge ? { input: { replace: true } } : { input };
    const file = isLarge ? { file: Buffer.from(card, 'base64') } : {};
    return readSuccess(await send({ query: IMPORT_CHARACTER, variables: sent, ...file })).outcome;
  }
  const inputs = [{ ...character, replace: true }];
  const { outcomes } = readSuccess(await send({ query: UPSERT_CHARACTERS, variables: { inputs } }));
  return Array.isArray(outcomes) ? outcomes[0] : null;
}

function readSuccess({ data, errors }: GraphQLResult): Record<string, unknown> {
  const [error] = errors ?? [];
  if (error) {
    const { code, correlationId } = error.extensions ?? {};
    const trace = typeof correlationId === 'string' ? ` (correlation id ${correlationId})` : '';
    throw new ImportRefusedError(
      typeof code === 'string' ? code : 'GRAPHQL_ERROR',
      `${error.message}${trace}`,
    );
  }
  const result = data?.result;
  if (!isObject(result) || typeof result.__typename !== 'string') {
    throw new ImportRefusedError('UNEXPECTED_RESPONSE', 'the answer is not one of an Echo Brain server');
  }
  if (typeof result.code === 'string') {
    const { positions = [], turnIds = [] } = result as { positions?: number[]; turnIds?: string[] };
    throw new ImportRefusedError(result.code, String(result.message), { positions, turnIds });
  }
  if (!result.__typename.endsWith('Success')) {
    throw new ImportRefusedError('UNEXPECTED_RESPONSE', `the server answered with ${result.__typename}`);
  }
  return result;
}
