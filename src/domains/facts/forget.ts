import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { type Act, lockFacts, newFinalAct, noteChange, standingOf } from './changes.ts';
import { derive } from './derive.ts';
import { wordlessKey } from './identity.ts';
import { settleAround } from './settle.ts';
import { type FactRow, learnedFacts } from './tables.ts';

/** Who changed what follows from a deletion. */
const DELETION = 'deletion';

/**
 * Takes away what deleted turns said: their quotes, and the words that facts have of them. A fact that was said nowhere else is
 * retracted and says nothing any more; what it had superseded holds again. In the transaction of the deletion, whose turns
 * are gone: what learns takes the lock of facts first and looks for the turn behind it, so it comes before all of this or finds no turn.
 */
export async function forgetFactsOfTurns(
  client: PoolClient,
  owner: Owner,
  turnIds: readonly string[],
): Promise<void> {
  if (turnIds.length === 0) return;
  await lockFacts(client, owner);
  const { rows } = await client.query<{ fact: number }>({
    name: 'delete_fact_sources',
    text: `delete from echo_fact_sources where turn_id = any($1::uuid[]) and tenant_id = $2 and user_id = $3 returning fact`,
    values: [turnIds, owner.tenantId, owner.userId],
  });
  await withoutSources(
    client,
    owner,
    rows.map(({ fact }) => fact),
  );
}

/** A place in a turn at which a fact was found. */
export interface SaidPlace {
  readonly turnId: string;
  /** The number of the fact. */
  readonly fact: number;
  readonly field: 'query' | 'response';
  readonly startsAt: number;
}

/** Of some turns, those from which rules have learned before. */
export async function learnedBefore(
  client: PoolClient,
  owner: Owner,
  turnIds: readonly string[],
): Promise<Set<string>> {
  const { rows } = await client.query<{ turnId: string }>({
    name: 'turns_learned_before',
    text: `select distinct turn_id as "turnId" from echo_fact_sources
           where turn_id = any($1::uuid[]) and tenant_id = $2 and user_id = $3 and origin = 'RULES' and not withdrawn`,
    values: [turnIds, owner.tenantId, owner.userId],
  });
  return new Set(rows.map(({ turnId }) => turnId));
}

/**
 * Takes away what rules had learned from turns that were learned from again, and did not find any more, now that they know what was
 * said before. What was undone stays undone. Under `lockFacts`.
 *
 * @param found all that was found this time
 */
export async function forgetUnfound(
  client: PoolClient,
  owner: Owner,
  turnIds: readonly string[],
  found: readonly SaidPlace[],
): Promise<void> {
  if (turnIds.length === 0) return;
  const { rows } = await client.query<{ fact: number }>({
    name: 'delete_unfound_fact_sources',
    text: `delete from echo_fact_sources s where turn_id = any($1::uuid[]) and tenant_id = $2 and user_id = $3
             and origin = 'RULES' and not withdrawn and not exists (
               select from unnest($4::uuid[], $5::int[], $6::text[], $7::int[]) as f(turn_id, fact, field, starts_at)
               where f.turn_id = s.turn_id and f.fact = s.fact and f.field = s.field and f.starts_at = s.starts_at)
           returning fact`,
    values: [
      ...[turnIds, owner.tenantId, owner.userId, found.map(({ turnId }) => turnId)],
      ...[found.map(({ fact }) => fact), found.map(({ field }) => field)],
      found.map(({ startsAt }) => startsAt),
    ],
  });
  await withoutSources(
    client,
    owner,
    rows.map(({ fact }) => fact),
  );
}

/** The same for what pictures have shown that are forgotten, or gone. */
export async function forgetFactsOfMedia(
  client: PoolClient,
  owner: Owner,
  fileHashes: readonly string[],
): Promise<void> {
  if (fileHashes.length === 0) return;
  await lockFacts(client, owner);
  const { rows } = await client.query<{ fact: number }>({
    name: 'delete_fact_sources_of_media',
    text: `delete from echo_fact_sources where file_hash = any($1::text[]) and tenant_id = $2 and user_id = $3 returning fact`,
    values: [fileHashes, owner.tenantId, owner.userId],
  });
  await withoutSources(
    client,
    owner,
    rows.map(({ fact }) => fact),
  );
}

/** Lets facts follow that have lost some of their sources, or all. Under `lockFacts`. @param numbers of their rows */
export async function withoutSources(
  client: PoolClient,
  owner: Owner,
  numbers: readonly number[],
): Promise<void> {
  const touched = [...new Set(numbers)];
  if (touched.length === 0) return;
  const before = await factsOf(client, owner, touched);
  const act = newFinalAct(DELETION);
  const left = await derive(client, owner, touched);
  const gone = before.filter(({ id }) => !left.has(id));
  for (const fact of gone) await makeWordless(client, owner, act, fact);
  for (const fact of before)
    if (left.get(fact.id)?.status === 'RETRACTED' && fact.status !== 'RETRACTED')
      await noteChange(client, owner, { act, fact: fact.id, kind: 'RETRACTED', before: standingOf(fact) });
  const followed = await followedIds(
    client,
    owner,
    gone.map(({ factId }) => factId),
  );
  for (const fact of before)
    if (left.has(fact.id) || followed.has(fact.factId)) await settleAround(client, owner, act, fact);
}

async function factsOf(client: PoolClient, owner: Owner, facts: readonly number[]): Promise<FactRow[]> {
  const { rows } = await client.query<RawRow>({
    name: 'facts_to_forget',
    text: `select * from echo_learned_facts where id = any($1::int[]) and tenant_id = $2 and user_id = $3 order by id for update`,
    values: [facts, owner.tenantId, owner.userId],
  });
  return rows.map((row) => mapRow(learnedFacts, row));
}

/** What keys are made of could be guessed from them, so they go, too. */
async function makeWordless(client: PoolClient, owner: Owner, act: Act, fact: FactRow): Promise<void> {
  if (fact.status !== 'RETRACTED')
    await noteChange(client, owner, { act, fact: fact.id, kind: 'RETRACTED', before: standingOf(fact) });
  await client.query({
    name: 'forget_fact',
    text: `update echo_learned_facts set status = 'RETRACTED', retracted_by = 'SOURCES', retired_at = coalesce(retired_at, now()),
             statement = '', subject = '', predicate = '', object = '', category = 'OTHER', negated = false, search_terms = '{}', subject_key = '',
             valid_from = null, valid_until = null, said_until = null, valid_precision = null,
             superseded_by = null, corrected_by = null, identity_key = $4, polarity_key = $4, slot_key = null
           where id = $1 and tenant_id = $2 and user_id = $3`,
    values: [fact.id, owner.tenantId, owner.userId, wordlessKey(fact.factId)],
  });
}

/** Those of some facts that took the place of another one. */
async function followedIds(
  client: PoolClient,
  owner: Owner,
  factIds: readonly string[],
): Promise<Set<string>> {
  if (factIds.length === 0) return new Set();
  const { rows } = await client.query<{ id: string }>({
    name: 'facts_followed',
    text: `select superseded_by as id from echo_learned_facts
             where superseded_by = any($1::uuid[]) and tenant_id = $2 and user_id = $3
           union select corrected_by from echo_learned_facts
             where corrected_by = any($1::uuid[]) and tenant_id = $2 and user_id = $3`,
    values: [factIds, owner.tenantId, owner.userId],
  });
  return new Set(rows.map(({ id }) => id));
}
