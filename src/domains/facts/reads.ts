import type { Owner, Scope } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { type FactCategory, type FactRow, learnedFacts } from './tables.ts';

/** A pool, or the connection of a transaction. */
export interface Reader {
  readonly pool: Pick<Database['pool'], 'query'>;
}

/** A user's facts that hold and have one of some terms, what was recorded last first. */
export async function factsSharing(
  { pool }: Reader,
  owner: Owner,
  terms: readonly string[],
  limit: number,
): Promise<FactRow[]> {
  const { rows } = await pool.query<RawRow>({
    name: 'facts_sharing',
    text: `with found as materialized (select id from echo_learned_facts
             where echo_fact_keys(tenant_id, user_id, search_terms) && echo_fact_keys($2, $1, $3::text[]))
           select * from echo_learned_facts
           where user_id = $1 and tenant_id = $2 and status = 'ACTIVE' and id in (select id from found) order by id desc limit $4`,
    values: [owner.userId, owner.tenantId, terms, limit],
  });
  return rows.map((row) => mapRow(learnedFacts, row));
}

/** Facts by their ids, in that order, as far as the scope reaches; null for others. */
export async function factsById(
  { pool }: Reader,
  { tenantId, userId }: Scope,
  factIds: readonly string[],
): Promise<(FactRow | null)[]> {
  const { rows } = await pool.query<RawRow>({
    name: replicable('facts_by_id'),
    text: `select * from echo_learned_facts where fact_id = any($1::uuid[]) and tenant_id = $2 and ($3::text is null or user_id = $3)`,
    values: [factIds, tenantId, userId],
  });
  const byId = new Map(rows.map((row) => [row.fact_id, mapRow(learnedFacts, row)]));
  return factIds.map((id) => byId.get(id) ?? null);
}

/** Facts by the numbers of their rows, in that order. */
export async function factsByNumber(
  { pool }: Reader,
  tenantId: string,
  numbers: readonly number[],
): Promise<(FactRow | null)[]> {
  const { rows } = await pool.query<RawRow>({
    name: 'facts_by_number',
    text: 'select * from echo_learned_facts where id = any($1) and tenant_id = $2',
    values: [numbers, tenantId],
  });
  const byNumber = new Map(rows.map((row) => [row.id, mapRow(learnedFacts, row)]));
  return numbers.map((number) => byNumber.get(number) ?? null);
}

/** SQL: of facts `f` that a run found which hold still. */
const OF_RUN = `from echo_learned_facts f where f.tenant_id = $1 and f.user_id = $2 and f.status = 'ACTIVE' and exists (
  select from echo_fact_changes c where c.fact = f.id and c.run_id = $3 and c.kind = 'ADDED' and not c.undone)`;

/** Of what are the facts that a run of learning found and that hold still. */
export async function categoriesOfRun(
  { pool }: Reader,
  owner: Owner,
  runId: string,
): Promise<FactCategory[]> {
  const { rows } = await pool.query<{ category: FactCategory }>({
    name: 'categories_of_run',
    text: `select distinct f.category ${OF_RUN} order by f.category`,
    values: [owner.tenantId, owner.userId, runId],
  });
  return rows.map(({ category }) => category);
}

/** Facts of one category that a run of learning found and that hold still, in the order in which they were said. */
export async function factsOfRun(
  { pool }: Reader,
  owner: Owner,
  runId: string,
  category: FactCategory,
  limit: number,
): Promise<FactRow[]> {
  const { rows } = await pool.query<RawRow>({
    name: 'facts_of_run',
    text: `select f.* ${OF_RUN} and f.category = $4 order by f.first_said_at, f.id limit $5`,
    values: [owner.tenantId, owner.userId, runId, category, limit],
  });
  return rows.map((row) => mapRow(learnedFacts, row));
}

/** What took the place of each fact; null: nothing, or nothing that is there. */
export async function successorsOf(
  { pool }: Reader,
  tenantId: string,
  facts: readonly number[],
): Promise<(FactRow | null)[]> {
  const { rows } = await pool.query<RawRow & { of: number }>({
    name: replicable('successors_of_facts'),
    text: `select s.*, f.id as of from echo_learned_facts f join echo_learned_facts s
             on s.fact_id = f.superseded_by and s.tenant_id = f.tenant_id and s.user_id = f.user_id
           where f.id = any($1::int[]) and f.tenant_id = $2`,
    values: [facts, tenantId],
  });
  const byFact = new Map(rows.map((row) => [row.of, mapRow(learnedFacts, row)]));
  return facts.map((id) => byFact.get(id) ?? null);
}

/** Facts that one superseded, of those that are shown; the latest. */
export const SUPERSEDED_SHOWN = 100;

/** Facts that each one superseded, oldest first. */
export async function supersededBy(
  { pool }: Reader,
  tenantId: string,
  facts: readonly number[],
): Promise<FactRow[][]> {
  const { rows } = await pool.query<RawRow & { by: number }>({
    name: replicable('facts_superseded_by'),
    text: `select s.*, f.id as by from echo_learned_facts f cross join lateral (
             select * from echo_learned_facts o where o.superseded_by = f.fact_id and o.tenant_id = f.tenant_id and o.user_id = f.user_id
             order by o.last_said_at desc, o.id desc limit ${SUPERSEDED_SHOWN}) s
           where f.id = any($1::int[]) and f.tenant_id = $2 order by s.last_said_at, s.id`,
    values: [facts, tenantId],
  });
  return facts.map((id) => rows.filter(({ by }) => by === id).map((row) => mapRow(learnedFacts, row)));
}
