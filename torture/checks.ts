import type { InteractionRow } from '../src/domains/interactions/tables.ts';
import { chainHashOf, completionHashOf } from '../src/domains/interactions/turn.ts';
import { markOf } from './content.ts';
import type { Check, Finding } from './findings.ts';
import { type Batch, differenceOf, type Epoch, type SentTurn } from './ledger.ts';

/** What one subscriber saw. */
export interface Seen {
  readonly name: string;
  /** How often, by turn id. */
  readonly counts: ReadonlyMap<string, number>;
}

/** All that the checks look at; nothing else is known to them. */
export interface Evidence {
  readonly epoch: Pick<Epoch, 'batches' | 'refused' | 'rekeyed'>;
  /** Every stored turn of the epoch's conversations, by conversation and sequence. */
  readonly stored: readonly InteractionRow[];
  readonly subscribers: readonly Seen[];
  /** Among several servers only what was committed has its place; each journal keeps an order of its own. */
  readonly severalServers?: boolean;
}

/** Compares what clients were promised with what is stored and what subscribers saw. Empty: all is well. */
export function checkEvidence({ epoch, stored, subscribers, severalServers = false }: Evidence): Finding[] {
  const byMark = new Map<string, InteractionRow[]>();
  for (const row of stored) {
    const mark = markOf(row.query) ?? `(no mark) ${row.turnId}`;
    byMark.set(mark, [...(byMark.get(mark) ?? []), row]);
  }
  return [
    ...checkSent(epoch.batches, byMark, severalServers),
    ...checkUnsent(epoch, byMark),
    ...checkRekeyed(epoch, byMark),
    ...checkUnique(stored),
    ...checkConversations(stored),
    ...checkOrder(epoch.batches, byMark, severalServers),
    ...subscribers.flatMap((seen) => [...checkEvents(seen, stored)]),
  ];
}

type Stored = ReadonlyMap<string, readonly InteractionRow[]>;

function* checkSent(batches: readonly Batch[], stored: Stored, severalServers: boolean): Generator<Finding> {
  for (const batch of batches) {
    const found = batch.turns.filter((turn) => stored.has(turn.mark)).length;
    if (batch.ackedAt === null && found > 0 && found < batch.turns.length)
      yield finding('half-stored', batch, `${found} of ${batch.turns.length} turns of one request`);
    for (const turn of batch.turns) {
      const rows = stored.get(turn.mark) ?? [];
      yield* checkTurn(batch, turn, rows, severalServers && isAnsweredTwice(batch, turn, rows));
    }
  }
}

function* checkTurn(
  batch: Batch,
  turn: SentTurn,
  rows: readonly InteractionRow[],
  answeredTwice: boolean,
): Generator<Finding> {
  const name = `turn ${turn.mark} (key ${turn.key}, ${batch.door}, ${batch.durability ?? 'durability not told'})`;
  const [row] = rows;
  if (!row) {
    if (turn.acked) yield finding('lost', batch, `${name} was acknowledged as ${turn.acked.turnId}`);
    return;
  }
  if (rows.length > 1)
    yield finding(
      'duplicated',
      batch,
      `${name} is stored ${rows.length} times: ${rows.map((one) => one.turnId).join(', ')}`,
    );
  const difference = differenceOf(row as unknown as Record<string, unknown>, turn.expected);
  if (difference) yield finding('altered', batch, `${name}: ${difference}`);
  if (row.idempotencyKey !== turn.key)
    yield finding('altered', batch, `${name}: its key is ${row.idempotencyKey}`);
  if (row.userId !== batch.userId || row.conversationId !== batch.conversationId)
    yield finding('altered', batch, `${name}: stored for ${row.userId} in ${row.conversationId}`);
  if (!turn.acked) return;
  if (turn.acked.turnId !== row.turnId)
    yield finding('lost', batch, `${name} was acknowledged as ${turn.acked.turnId}, stored is ${row.turnId}`);
  if (turn.acked.response !== row.response && !answeredTwice)
    yield finding('altered', batch, `${name}: the acknowledged response is not the stored one`);
  if (
    batch.durability === 'COMMITTED' &&
    turn.acked.sequence !== null &&
    turn.acked.sequence !== row.sequence
  )
    yield finding(
      'altered',
      batch,
      `${name}: acknowledged at place ${turn.acked.sequence}, stored at ${row.sequence}`,
    );
}

/**
 * A query that one server answered without the caller hearing it, and that another one answered again while the database, which alone
 * knew of the first answer, was away: the first one to arrive is kept.
 */
function isAnsweredTwice(batch: Batch, turn: SentTurn, [row]: readonly InteractionRow[]): boolean {
  const mayBe = batch.attempts > 1 && batch.door !== 'recordTurns' && batch.firstDurability !== 'COMMITTED';
  return mayBe && turn.acked !== null && row !== undefined && turn.acked.response !== row.response;
}

/** How many queries were answered twice, and are stored with the answer that their caller did not hear. Told, not judged. */
export function countAnsweredTwice({ epoch, stored }: Pick<Evidence, 'epoch' | 'stored'>): number {
  const byMark = Map.groupBy(stored, (row) => markOf(row.query));
  return epoch.batches.filter((batch) =>
    batch.turns.some((turn) => isAnsweredTwice(batch, turn, byMark.get(turn.mark) ?? [])),
  ).length;
}

/** Rows that nobody sent, or that had to be refused. */
function* checkUnsent(epoch: Evidence['epoch'], stored: Stored): Generator<Finding> {
  const sent = new Set(epoch.batches.flatMap(({ turns }) => turns.map(({ mark }) => mark)));
  for (const mark of epoch.rekeyed.flatMap(({ marks }) => marks)) sent.add(mark);
  const refused = new Map(epoch.refused.flatMap(({ marks, unsure }) => marks.map((mark) => [mark, unsure])));
  for (const [mark, [row]] of stored) {
    if (!row || sent.has(mark) || refused.get(mark)) continue;
    const check = refused.has(mark) ? 'refused-stored' : 'unknown-stored';
    yield finding(check, row, `turn ${row.turnId} says ${JSON.stringify(row.query.slice(0, 80))}`);
  }
}

/**
 * How many turns are stored although the server refused them in the end: an earlier attempt without an answer left
 * them in the journal. Told, not judged.
 */
export function countRefusedAfterAll({ epoch, stored }: Pick<Evidence, 'epoch' | 'stored'>): number {
  const unsure = new Set(epoch.refused.filter((one) => one.unsure).flatMap(({ marks }) => marks));
  return stored.filter(({ query }) => unsure.has(markOf(query) ?? '')).length;
}

function* checkRekeyed({ rekeyed }: Evidence['epoch'], stored: Stored): Generator<Finding> {
  for (const content of rekeyed) {
    for (const mark of content.marks) {
      const count = stored.get(mark)?.length ?? 0;
      const name = `turn ${mark}, journaled under a used key while the database was away,`;
      if (count === 0) yield finding('lost', content, `${name} was acknowledged`);
      if (count > 1) yield finding('duplicated', content, `${name} is stored ${count} times`);
    }
  }
}

function* checkUnique(stored: readonly InteractionRow[]): Generator<Finding> {
  const names: [string, (row: InteractionRow) => string | null][] = [
    ['turn id', (row) => row.turnId],
    ['key', (row) => row.idempotencyKey && `${row.conversationId} ${row.userId} ${row.idempotencyKey}`],
  ];
  for (const [what, nameOf] of names) {
    const known = new Set<string>();
    for (const row of stored) {
      const name = nameOf(row);
      if (name === null) continue;
      if (known.has(name)) yield finding('duplicated', row, `two rows with the ${what} ${name}`);
      known.add(name);
    }
  }
}

/** Sequences from 1 without gaps, and each turn tied to its predecessor. */
function* checkConversations(stored: readonly InteractionRow[]): Generator<Finding> {
  for (const [conversationId, rows] of Map.groupBy(stored, (row) => row.conversationId)) {
    const inOrder = rows.toSorted((a, b) => a.sequence - b.sequence);
    const wrong = inOrder.findIndex((row, index) => row.sequence !== index + 1);
    if (wrong >= 0)
      yield finding(
        'sequence-gap',
        { conversationId },
        `place ${wrong + 1} of ${inOrder.length} is numbered ${inOrder[wrong]?.sequence}`,
      );
    let previous: Buffer | null = null;
    for (const row of inOrder) {
      if (!chainHashOf(previous, row).equals(row.chainHash)) {
        yield finding(
          'chain-broken',
          row,
          `turn ${row.turnId} at place ${row.sequence} does not follow its predecessor`,
        );
        break;
      }
      if (row.completionHash && !completionHashOf(row.chainHash, row).equals(row.completionHash))
        yield finding(
          'chain-broken',
          row,
          `the late answer of turn ${row.turnId} is not the one that was stored`,
        );
      previous = row.chainHash;
    }
  }
}

/**
 * Within a request, turns stand in the order given. A request that was first sent after another one of its
 * conversation had been acknowledged stands after it, whoever sent the two.
 */
function* checkOrder(batches: readonly Batch[], stored: Stored, severalServers: boolean): Generator<Finding> {
  for (const [conversationId, ofConversation] of Map.groupBy(batches, (batch) => batch.conversationId)) {
    const placed = ofConversation.flatMap((batch) => {
      const places = batch.turns
        .map((turn) => stored.get(turn.mark)?.[0]?.sequence)
        .filter((place) => place !== undefined);
      return places.length > 0
        ? [{ batch, places, first: Math.min(...places), last: Math.max(...places) }]
        : [];
    });
    for (const { places, batch } of placed) {
      if (places.some((place, index) => place <= (places[index - 1] ?? 0)))
        yield finding(
          'out-of-order',
          { conversationId },
          `the turns of one request (from ${batch.turns[0]?.mark}) stand at ${places.join(', ')}`,
        );
    }
    const bySending = placed.toSorted((a, b) => a.batch.sentAt - b.batch.sentAt);
    const binding = placed.filter(({ batch }) => !severalServers || batch.firstDurability === 'COMMITTED');
    const byAck = binding.toSorted((a, b) => (a.batch.ackedAt ?? Infinity) - (b.batch.ackedAt ?? Infinity));
    let acked = 0;
    let earlier: (typeof placed)[number] | null = null;
    for (const later of bySending) {
      for (
        let next = byAck[acked];
        next && (next.batch.ackedAt ?? Infinity) < later.batch.sentAt;
        next = byAck[++acked]
      )
        if (!earlier || next.last > earlier.last) earlier = next;
      if (earlier && later.first < earlier.last)
        yield finding(
          'out-of-order',
          { conversationId },
          `${later.batch.turns[0]?.mark} stands at ${later.first}, though it was sent after ${earlier.batch.turns[0]?.mark} had been acknowledged, which stands at ${earlier.last}`,
        );
    }
  }
}

function* checkEvents(seen: Seen, stored: readonly InteractionRow[]): Generator<Finding> {
  const reported = new Set<string>();
  for (const row of stored) {
    // A turn id that is stored twice is a finding of its own.
    if (reported.has(row.turnId)) continue;
    reported.add(row.turnId);
    const count = seen.counts.get(row.turnId) ?? 0;
    if (count === 0)
      yield finding('event-gap', row, `${seen.name} did not see turn ${row.turnId} at place ${row.sequence}`);
    if (count > 1)
      yield finding('event-duplicate', row, `${seen.name} saw turn ${row.turnId} ${count} times`);
  }
}

function finding(check: Check, { conversationId }: { conversationId: string }, detail: string): Finding {
  return { check, conversationId, detail };
}
