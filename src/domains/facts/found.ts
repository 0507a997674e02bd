import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { mapRow, nameOfShape, type RawRow, shapeOf } from '../../db/statements.ts';
import { type FactRow, type FactSourceRow, factSources, learnedFacts } from './tables.ts';

/** Which facts a search looks at; null: all. */
export interface FoundConditions {
  /** Said in this conversation. */
  readonly conversationId: string | null;
  /** Said at or after, and at or before. */
  readonly since: Date | null;
  readonly until: Date | null;
  /** Whose subject has one of these keys. */
  readonly subjectKeys: readonly string[] | null;
  /** True: also what was superseded; never what was taken back. */
  readonly superseded: true | null;
}

const CONDITIONS: Record<Exclude<keyof FoundConditions, 'superseded'>, (place: string) => string> = {
  conversationId: (place) =>
    `id in (select s.fact from echo_unified_interactions t join echo_fact_sources s on s.turn_id = t.turn_id
       where t.conversation_id = ${place} and t.tenant_id = $1 and t.user_id = $2 and s.tenant_id = $1 and s.user_id = $2
         and not s.withdrawn)`,
  since: (place) => `last_said_at >= ${place}`,
  until: (place) => `first_said_at <= ${place}`,
  subjectKeys: (place) => `subject_key = any(${place}::text[])`,
};

/** SQL: what the conditions ask of a fact. @param values of the statement, to which theirs are added; the first two are tenant and user */
export function conditionsOn({ superseded, ...conditions }: FoundConditions, values: unknown[]): string[] {
  const names = (Object.keys(CONDITIONS) as (keyof typeof CONDITIONS)[]).filter(
    (name) => conditions[name] !== null,
  );
  const also = names.map((name) => CONDITIONS[name](`$${values.push(conditions[name])}`));
  return [...also, superseded ? `status <> 'RETRACTED'` : `status = 'ACTIVE'`];
}

/** A user's facts that have one of some terms: those with most of them first, then those that hold, then the latest. */
export async function factsWithTerms(
  { pool }: Pick<Database, 'pool'>,
  owner: Owner,
  terms: readonly string[],
  conditions: FoundConditions,
  limit: number,
): Promise<FactRow[]> {
  const values: unknown[] = [owner.tenantId, owner.userId, terms, limit];
  const also = conditionsOn(conditions, values);
  const { rows } = await pool.query<RawRow>({
    name: nameOfShape(replicable('facts_with_terms'), shapeOf({ ...conditions })),
    // Found by keys alone, which are the user's, so that no plan looks at all that the user has; whole rows are read of the best only.
    text: `with keyed as materialized (
             select id, tenant_id, user_id, status, first_said_at, last_said_at, subject_key, search_terms from echo_learned_facts
             where echo_fact_keys(tenant_id, user_id, search_terms) && echo_fact_keys($1, $2, $3::text[])
           ), best as materialized (
             select id from keyed where tenant_id = $1 and user_id = $2 ${also.map((condition) => `and ${condition}`).join(' ')}
             order by (select count(*) from unnest($3::text[]) t where t = any(search_terms)) desc,
               status, last_said_at desc, id desc limit $4)
           select f.* from echo_learned_facts f join best b on b.id = f.id where f.tenant_id = $1 and f.user_id = $2
           order by f.last_said_at desc, f.id desc`,
    values,
  });
  return rows.map((row) => mapRow(learnedFacts, row));
}

/** How far a chain of facts is followed that took the place of each other. */
const LONGEST_CHAIN = 50;
/** Of what was so before, those that are told. */
export const HISTORY_SHOWN = 5;

/** What holds in the place of each of some facts that were superseded, by the id of each; of a correction, what is right. */
export async function currentOf(
  { pool }: Pick<Database, 'pool'>,
  owner: Owner,
  superseded: readonly FactRow[],
): Promise<Map<number, FactRow>> {
  if (superseded.length === 0) return new Map();
  const { rows } = await pool.query<RawRow & { of: number }>({
    name: replicable('facts_current'),
    text: `with recursive later(of, next, steps) as (
             select id, superseded_by, 1 from echo_learned_facts where id = any($3::int[]) and tenant_id = $1 and user_id = $2
             union all
             select l.of, f.superseded_by, l.steps + 1 from later l
               join echo_learned_facts f on f.fact_id = l.next and f.tenant_id = $1 and f.user_id = $2
             where l.steps < ${LONGEST_CHAIN})
           select f.*, l.of from later l join echo_learned_facts f on f.fact_id = l.next and f.tenant_id = $1 and f.user_id = $2
           where f.status = 'ACTIVE'`,
    values: [owner.tenantId, owner.userId, superseded.map(({ id }) => id)],
  });
  return new Map(rows.map((row) => [row.of, mapRow(learnedFacts, row)]));
}

/** What was so before each of some facts, the latest first; without what was corrected, which never was so. */
export async function historyOfFacts(
  { pool }: Pick<Database, 'pool'>,
  owner: Owner,
  facts: readonly FactRow[],
): Promise<FactRow[][]> {
  const { rows } = await pool.query<RawRow & { of: number }>({
    name: replicable('facts_history'),
    text: `with recursive earlier(of, id, fact_id, steps) as (
             select id, id, fact_id, 0 from echo_learned_facts where id = any($3::int[]) and tenant_id = $1 and user_id = $2
             union
             select e.of, f.id, f.fact_id, e.steps + 1 from earlier e
               join echo_learned_facts f on f.superseded_by = e.fact_id and f.tenant_id = $1 and f.user_id = $2
             where e.steps < ${HISTORY_SHOWN} and f.corrected_by is null and f.status = 'SUPERSEDED')
           select f.*, e.of from earlier e join echo_learned_facts f on f.id = e.id and f.tenant_id = $1 and f.user_id = $2
           where e.steps > 0 order by f.last_said_at desc, f.id desc`,
    values: [owner.tenantId, owner.userId, facts.map(({ id }) => id)],
  });
  return facts.map(({ id }) =>
    rows
      .filter(({ of }) => of === id)
      .slice(0, HISTORY_SHOWN)
      .map((row) => mapRow(learnedFacts, row)),
  );
}

/** Where each of some facts was said last; what a person entered goes before what was said. */
export async function latestSources(
  { pool }: Pick<Database, 'pool'>,
  owner: Owner,
  facts: readonly FactRow[],
): Promise<(FactSourceRow | null)[]> {
  const { rows } = await pool.query<RawRow>({
    name: replicable('latest_sources_of_facts'),
    text: `select distinct on (fact) * from echo_fact_sources
           where fact = any($3::int[]) and tenant_id = $1 and user_id = $2 and not withdrawn
           order by fact, origin = 'PERSON' desc, said_at desc, id desc`,
    values: [owner.tenantId, owner.userId, facts.map(({ id }) => id)],
  });
  const byFact = new Map(rows.map((row) => [row.fact, mapRow(factSources, row)]));
  return facts.map(({ id }) => byFact.get(id) ?? null);
}

/** Turns in which some facts were said: of each the latest ones. */
export async function turnsOfFacts(
  { pool }: Pick<Database, 'pool'>,
  owner: Owner,
  facts: readonly Pick<FactRow, 'id'>[],
  limitEach: number,
): Promise<{ readonly fact: number; readonly turnId: string }[]> {
  const { rows } = await pool.query<{ fact: number; turnId: string }>({
    name: replicable('turns_of_facts'),
    text: `select w.fact, s.turn_id as "turnId" from unnest($3::int[]) as w(fact) cross join lateral (
             select turn_id from echo_fact_sources
             where fact = w.fact and tenant_id = $1 and user_id = $2 and turn_id is not null and not withdrawn
             order by said_at desc, id desc limit $4) s`,
    values: [owner.tenantId, owner.userId, facts.map(({ id }) => id), limitEach],
  });
  return rows;
}
