import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { type Act, noteChange, standingOf } from './changes.ts';
import { type FactRow, learnedFacts } from './tables.ts';
import { isWithin } from './values.ts';

/** A fact, and whether what corrected it still stands, and is not older than what was said last. */
type Mate = FactRow & { readonly isCorrected: boolean };

/**
 * Decides which of the facts that exclude each other holds, and by which each other one is superseded. What a person entered stands
 * above what was extracted; else what was said last holds, by the time of the turn: the order in which turns are learned
 * from makes no difference. A fact is superseded by what corrected it; else by what comes next of the other values of
 * what one can have only one of, and of what says the opposite. Under `lockFacts`.
 *
 * @param keys of a fact that changed
 * @param correction a fact that another one was said in the place of, just now
 * @returns how many were superseded that held before
 */
export async function settle(
  client: PoolClient,
  owner: Owner,
  act: Act,
  keys: Pick<FactRow, 'polarityKey' | 'slotKey'>,
  correction: { readonly id: number; readonly by: FactRow } | null = null,
): Promise<number> {
  const stored = await matesOf(client, owner, keys);
  const mates = stored.map((mate) =>
    correction?.id === mate.id
      ? { ...mate, correctedBy: correction.by.factId, isCorrected: true }
      : { ...mate, correctedBy: mate.isCorrected ? mate.correctedBy : null },
  );
  const next = followersOf(mates);
  let superseded = 0;
  for (const [index, mate] of mates.entries()) {
    const was = stored[index] ?? mate;
    const follower = next.get(mate.id);
    const supersededBy = mate.isCorrected ? mate.correctedBy : (follower?.factId ?? null);
    const validUntil = follower && !mate.isCorrected ? endBefore(mate, follower) : mate.saidUntil;
    const isSame = was.supersededBy === supersededBy && was.correctedBy === mate.correctedBy;
    if (isSame && was.validUntil?.getTime() === validUntil?.getTime()) continue;
    await client.query({
      name: 'settle_fact',
      text: `update echo_learned_facts set status = case when $4::uuid is null then 'ACTIVE' else 'SUPERSEDED' end,
               superseded_by = $4, valid_until = $5, corrected_by = $6,
               retired_at = case when $4::uuid is null then null else coalesce(retired_at, now()) end
             where id = $1 and tenant_id = $2 and user_id = $3`,
      values: [mate.id, owner.tenantId, owner.userId, supersededBy, validUntil, mate.correctedBy],
    });
    if (was.supersededBy === null && supersededBy !== null) superseded++;
    // That what was said of it says until when it holds, is told by the change that brought it.
    if (supersededBy === null && was.supersededBy === null) continue;
    const kind =
      supersededBy === null ? 'REINSTATED' : mate.isCorrected && !isSame ? 'CORRECTED' : 'SUPERSEDED';
    await noteChange(client, owner, { act, fact: mate.id, kind, before: standingOf(was) });
  }
  return superseded;
}

/** The same for a fact that stands differently now, and for what it corrected, which may be of other keys. */
export async function settleAround(client: PoolClient, owner: Owner, act: Act, fact: FactRow): Promise<void> {
  await settle(client, owner, act, fact);
  const { rows } = await client.query<Pick<FactRow, 'polarityKey' | 'slotKey'>>({
    name: 'facts_corrected_by',
    text: `select polarity_key as "polarityKey", slot_key as "slotKey" from echo_learned_facts
           where corrected_by = $1 and tenant_id = $2 and user_id = $3 and status <> 'RETRACTED' order by id`,
    values: [fact.factId, owner.tenantId, owner.userId],
  });
  for (const corrected of rows) await settle(client, owner, act, corrected);
}

/** All that may exclude each other: values of one slot, and what is said of each, for and against. */
async function matesOf(
  client: PoolClient,
  owner: Owner,
  { polarityKey, slotKey }: Pick<FactRow, 'polarityKey' | 'slotKey'>,
): Promise<Mate[]> {
  const { rows } = await client.query<RawRow & { is_corrected: boolean }>({
    name: 'facts_to_settle',
    text: `with keys as (
             select $3::bytea as key union select polarity_key from echo_learned_facts
             where slot_key = $4 and tenant_id = $1 and user_id = $2 and status <> 'RETRACTED'
             union select f.polarity_key from echo_learned_facts g join echo_learned_facts f
               on f.slot_key = g.slot_key and f.tenant_id = g.tenant_id and f.user_id = g.user_id
             where g.polarity_key = $3 and g.tenant_id = $1 and g.user_id = $2 and f.status <> 'RETRACTED')
           select f.*, c.id is not null as is_corrected
           from echo_learned_facts f left join echo_learned_facts c on c.fact_id = f.corrected_by and c.tenant_id = $1
             and c.user_id = $2 and c.status <> 'RETRACTED' and c.last_said_at >= f.last_said_at
           where f.polarity_key in (select key from keys) and f.tenant_id = $1 and f.user_id = $2 and f.status <> 'RETRACTED'
           order by f.id for update of f`,
    values: [owner.tenantId, owner.userId, polarityKey, slotKey],
  });
  return rows.map((row) => ({ ...mapRow(learnedFacts, row), isCorrected: row.is_corrected }));
}

/** What comes next after each fact, of those that exclude it; what was corrected was never so, and is left out. */
function followersOf(mates: readonly Mate[]): Map<number, FactRow> {
  const next = new Map<number, FactRow>();
  const standing = mates.filter(({ isCorrected }) => !isCorrected).sort(byStanding);
  for (const [index, fact] of standing.entries()) {
    const follower = standing.slice(index + 1).find((later) => excludes(later, fact));
    if (follower) next.set(fact.id, follower);
  }
  return next;
}

function excludes(a: FactRow, b: FactRow): boolean {
  if (a.polarityKey.equals(b.polarityKey)) return true;
  if (a.slotKey === null || b.slotKey === null || !a.slotKey.equals(b.slotKey)) return false;
  if (a.negated !== b.negated) {
    // "I no longer live in Lisbon" ends "in Lisbon, Portugal".
    const [not, is] = a.negated ? [a, b] : [b, a];
    return isWithin(not.predicate, not.object, is.object);
  }
  return !a.negated;
}

function byStanding(a: FactRow, b: FactRow): number {
  const byHand = (fact: FactRow) => (fact.origin === 'PERSON' ? 1 : 0);
  return (
    byHand(a) - byHand(b) ||
    a.lastSaidAt.getTime() - b.lastSaidAt.getTime() ||
    a.firstSaidAt.getTime() - b.firstSaidAt.getTime() ||
    Buffer.compare(a.identityKey, b.identityKey)
  );
}

/**
 * Until when a fact was true: as it was said, or until what follows became true. What follows may have been true before,
 * too ("I live in Lisbon", "in Porto", "in Lisbon again"): then from when it was said last on.
 */
function endBefore(fact: FactRow, follower: FactRow): Date {
  const begins = fact.validFrom ?? fact.firstSaidAt;
  const follows = follower.validFrom ?? follower.firstSaidAt;
  const ended = follows > begins ? follows : follower.lastSaidAt;
  const ends = ended > begins ? ended : begins;
  return fact.saidUntil !== null && fact.saidUntil < ends ? fact.saidUntil : ends;
}
