import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { type Act, lockFacts, noteChange, standingOf } from './changes.ts';
import { derive } from './derive.ts';
import { type FactKeys, keysOf, type Said } from './identity.ts';
import { factOfIdentity, factToJoin } from './sameness.ts';
import { settle } from './settle.ts';
import { type FactCategory, type FactOrigin, type FactRow, learnedFacts, type Precision } from './tables.ts';
import { detailOf } from './values.ts';

/** Something that was said of somebody, and where. */
export interface StatedFact extends Said {
  readonly statement: string;
  readonly category: FactCategory;
  readonly confidence: number;
  readonly validFrom: Date | null;
  readonly validUntil: Date | null;
  readonly precision: Precision | null;
  readonly origin: FactOrigin;
  readonly evidence: Evidence;
}

/** The words in which it was said; of a person who enters a fact, what they entered. */
export interface Evidence {
  /** Null: a person entered it. */
  readonly turnId: string | null;
  readonly field: 'query' | 'response' | null;
  readonly quote: string;
  /** Of the quote within its text, in Unicode code points. */
  readonly startsAt: number;
  readonly endsAt: number;
  readonly saidAt: Date;
}

/**
 * - `ADDED`: it was not known
 * - `MERGED`: it was known, and has one more source
 * - `KNOWN`: this very source was noted before
 * - `REFUSED`: a person took it back after it was said
 */
export interface Recorded {
  readonly outcome: 'ADDED' | 'MERGED' | 'KNOWN' | 'REFUSED';
  readonly fact: FactRow;
  /** Facts that held before and do not any more. */
  readonly superseded: number;
}

/** The turn was deleted meanwhile: nothing is learned from it. */
export interface TurnGone {
  readonly outcome: 'GONE';
  readonly fact: null;
  readonly superseded: 0;
}

/** Facts that were said once more and hold as before, whose words and dates are still to be made of their sources. */
export class Outstanding {
  readonly #facts = new Map<number, { readonly fact: FactRow; readonly act: Act }>();

  /** Whether there are any. */
  get isOpen(): boolean {
    return this.#facts.size > 0;
  }

  add(fact: FactRow, act: Act): void {
    this.#facts.set(fact.id, { fact, act });
  }

  /** Makes them, each once, however often it was said. Under `lockFacts`. @returns how many facts are superseded by that */
  async settle(client: PoolClient, owner: Owner): Promise<number> {
    const facts = [...this.#facts.values()];
    this.#facts.clear();
    const made = await derive(
      client,
      owner,
      facts.map(({ fact }) => fact.id),
    );
    let superseded = 0;
    for (const { fact, act } of facts)
      superseded += await settle(client, owner, act, made.get(fact.id) ?? fact);
    return superseded;
  }
}

/**
 * Stores what was said: as a fact of its own, or as one more source of the same fact; then what it excludes is superseded, or it
 * is, by what was said later. The result depends on what was said and when, not on the order in which it is recorded.
 *
 * It takes the lock of the user's facts, which a deletion waits for that has locked turns: who locks rows of turns in this transaction,
 * too, does so before.
 *
 * @param replaces a fact in whose place this was said
 * @param outstanding takes what need not be made at once; whoever gives it settles it at the end of the transaction
 */
export async function recordFact(
  client: PoolClient,
  owner: Owner,
  act: Act,
  stated: StatedFact,
  replaces: FactRow | null = null,
  outstanding: Outstanding | null = null,
): Promise<Recorded | TurnGone> {
  await lockFacts(client, owner);
  const { turnId } = stated.evidence;
  if (turnId !== null && !(await isThere(client, owner, turnId)))
    return { outcome: 'GONE', fact: null, superseded: 0 };
  const keys = keysOf(stated);
  const find = async () =>
    (await factOfIdentity(client, owner, keys.identityKey)) ?? factToJoin(client, owner, stated, keys);
  let known = await find();
  const isOutstanding = outstanding !== null && known?.status === 'ACTIVE' && replaces === null;
  let settledBefore = 0;
  if (outstanding?.isOpen && !isOutstanding) {
    settledBefore = await outstanding.settle(client, owner);
    known = await find();
  }
  if (known && isTakenBack(known, stated))
    return { outcome: 'REFUSED', fact: known, superseded: settledBefore };
  const fact = known ?? (await insertFact(client, owner, stated, keys));
  const changeId = randomUUID();
  const isNew = await insertSource(client, owner, fact.id, changeId, stated, keys);
  if (!isNew && replaces === null) return { outcome: 'KNOWN', fact, superseded: settledBefore };
  const outcome = known ? 'MERGED' : 'ADDED';
  const before = known && standingOf(known);
  await noteChange(client, owner, { act, fact: fact.id, kind: outcome, before, changeId });
  if (isOutstanding) {
    outstanding.add(fact, act);
    return { outcome, fact, superseded: 0 };
  }
  if (known) await reinstate(client, owner, known, replaces !== null || stated.origin === 'PERSON');
  const made = await derive(client, owner, [fact.id]);
  let superseded = settledBefore + (await settle(client, owner, act, made.get(fact.id) ?? fact));
  const now = await factByNumber(client, owner, fact.id);
  if (replaces && replaces.id !== fact.id)
    superseded += await settle(client, owner, act, replaces, { id: replaces.id, by: now });
  return { outcome, fact: now, superseded };
}

/** What a person took back stays so, until it is said again, or entered by a person. */
function isTakenBack(known: FactRow, { origin, evidence }: StatedFact): boolean {
  return (
    known.retractedBy === 'PERSON' &&
    origin !== 'PERSON' &&
    known.retiredAt !== null &&
    evidence.saidAt <= known.retiredAt
  );
}

async function isThere(client: PoolClient, owner: Owner, turnId: string): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'turn_of_fact',
    text: 'select 1 from echo_unified_interactions where turn_id = $1 and tenant_id = $2 and user_id = $3',
    values: [turnId, owner.tenantId, owner.userId],
  });
  return rowCount !== 0;
}

export async function factByNumber(client: PoolClient, owner: Owner, id: number): Promise<FactRow> {
  const found = await client.query<RawRow>({
    name: 'fact_by_number',
    text: 'select * from echo_learned_facts where id = $1 and tenant_id = $2 and user_id = $3',
    values: [id, owner.tenantId, owner.userId],
  });
  return mapRow(learnedFacts, onlyRow(found));
}

/** Without its sources, which have to follow. */
export async function insertFact(
  client: PoolClient,
  owner: Owner,
  stated: Omit<StatedFact, 'evidence'> & { readonly evidence: Pick<Evidence, 'saidAt'> },
  keys: FactKeys,
): Promise<FactRow> {
  const { statement, subject, predicate, object, category, negated, confidence, origin, evidence } = stated;
  const inserted = await client.query<RawRow>({
    name: 'insert_fact',
    text: `insert into echo_learned_facts (tenant_id, user_id, fact_id, statement, subject, predicate, object, category, negated,
             confidence, status, origin, valid_from, valid_until, said_until, valid_precision, first_said_at, last_said_at,
             identity_key, polarity_key, slot_key)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'ACTIVE', $11, $12, $13, $13, $14, $15, $15, $16, $17, $18)
           returning *`,
    values: [
      ...[owner.tenantId, owner.userId, randomUUID(), statement, subject, predicate, object, category],
      ...[negated, confidence, origin, stated.validFrom, stated.validUntil, stated.precision],
      ...[evidence.saidAt, keys.identityKey, keys.polarityKey, keys.slotKey],
    ],
  });
  return mapRow(learnedFacts, onlyRow(inserted));
}

/** @returns whether it was not noted before */
async function insertSource(
  client: PoolClient,
  owner: Owner,
  fact: number,
  changeId: string,
  { evidence, origin, confidence, ...stated }: StatedFact,
  { identityKey }: FactKeys,
): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'insert_fact_source',
    text: `insert into echo_fact_sources (tenant_id, user_id, source_id, fact, added_by, turn_id, field, quote, starts_at, ends_at,
             said_at, origin, confidence, statement, subject, object, category, valid_from, valid_until, valid_precision,
             form_key, detail)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
           on conflict (fact, turn_id, field, starts_at) where turn_id is not null do nothing`,
    values: [
      ...[owner.tenantId, owner.userId, randomUUID(), fact, changeId, evidence.turnId, evidence.field],
      ...[evidence.quote, evidence.startsAt, evidence.endsAt, evidence.saidAt, origin, confidence],
      ...[stated.statement, stated.subject, stated.object, stated.category],
      ...[stated.validFrom, stated.validUntil, stated.precision],
      ...[identityKey, detailOf(stated.predicate, stated.object)],
    ],
  });
  return rowCount === 1;
}

/** What was taken back stands when it is said again. @param isRight a person says so, whatever corrected it before */
async function reinstate(client: PoolClient, owner: Owner, known: FactRow, isRight: boolean): Promise<void> {
  if (known.status !== 'RETRACTED' && !(isRight && known.correctedBy)) return;
  await client.query({
    name: 'reinstate_fact',
    text: `update echo_learned_facts set status = case when status = 'RETRACTED' then 'ACTIVE' else status end,
             retired_at = case when status = 'RETRACTED' then null else retired_at end, retracted_by = null,
             corrected_by = case when $4 then null else corrected_by end
           where id = $1 and tenant_id = $2 and user_id = $3`,
    values: [known.id, owner.tenantId, owner.userId, isRight],
  });
}
