import type { Owner, Scope } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { mapRow, nameOfShape, type Page, type RawRow, shapeOf } from '../../db/statements.ts';
import { nameKeyOf } from '../characters/name-key.ts';
import { requiredWords } from '../word-index/analysis.ts';
import {
  type FactCategory,
  type FactChangeRow,
  type FactOrigin,
  type FactRow,
  type FactSourceRow,
  type FactStatus,
  factChanges,
  factSources,
  learnedFacts,
} from './tables.ts';
import { OWNER } from './terms.ts';

/** A pool, or the connection of a transaction. */
interface Reader {
  readonly pool: Pick<Database['pool'], 'query'>;
}

/** Which facts; all conditions must hold. */
export interface FactConditions {
  readonly text?: string | null | undefined;
  readonly category?: FactCategory | null | undefined;
  readonly subject?: string | null | undefined;
  readonly status?: FactStatus | null | undefined;
  readonly origin?: FactOrigin | null | undefined;
  /** Said in this conversation. */
  readonly conversationId?: string | null | undefined;
  /** True in the world at this instant. */
  readonly asOf?: Date | null | undefined;
  /** Known to us at this instant. */
  readonly recordedAsOf?: Date | null | undefined;
}

type Column = Exclude<keyof FactConditions, 'text' | 'asOf' | 'recordedAsOf'>;

const CONDITIONS: Record<Column, (place: string) => string> = {
  category: (place) => `category = ${place}`,
  subject: (place) => `lower(subject) = lower(${place})`,
  status: (place) => `status = ${place}`,
  origin: (place) => `origin = ${place}`,
  conversationId: (place) =>
    // Its turns first: a plan that goes by the order of facts would look at all of the user's.
    `id in (with said as materialized (select turn_id from echo_unified_interactions
         where conversation_id = ${place} and user_id = $1 and tenant_id = $2)
       select s.fact from said join echo_fact_sources s on s.turn_id = said.turn_id
       where s.user_id = $1 and s.tenant_id = $2 and not s.withdrawn)`,
};

/**
 * SQL: what was true in the world at one instant, as it was known at another. What was taken back or corrected was never true, as
 * far as is known now. A fact that was superseded later was not known to end, then, but as it was said.
 */
function instantConditions(asOf: string | null, recordedAsOf: string | null): string[] {
  const known =
    recordedAsOf === null
      ? ['retracted_by is null', 'corrected_by is null']
      : [
          `recorded_at <= ${recordedAsOf}`,
          `(retired_at is null or retired_at > ${recordedAsOf})`,
          "retracted_by is distinct from 'SOURCES'",
        ];
  if (asOf === null) return recordedAsOf === null ? [] : known;
  const until =
    recordedAsOf === null
      ? 'valid_until'
      : `case when retired_at > ${recordedAsOf} then said_until else valid_until end`;
  return [...known, `coalesce(valid_from, first_said_at) <= ${asOf}`, `coalesce(${until} > ${asOf}, true)`];
}

/** A user's facts, what was recorded last first. */
export async function factPage(
  { pool }: Reader,
  owner: Owner,
  { text, ...conditions }: FactConditions,
  page: Page<number>,
): Promise<FactRow[]> {
  const values: unknown[] = [
    owner.userId,
    owner.tenantId,
    page.after ?? 2_147_483_647,
    page.before ?? 0,
    page.limit,
  ];
  const names = (Object.keys(CONDITIONS) as (keyof typeof CONDITIONS)[]).filter(
    (name) => conditions[name] != null,
  );
  const also = names.map((name) => CONDITIONS[name](`$${values.push(conditions[name])}`));
  const placed = (instant: Date | null | undefined) => (instant == null ? null : `$${values.push(instant)}`);
  also.push(...instantConditions(placed(conditions.asOf), placed(conditions.recordedAsOf)));
  const words = text == null ? [] : requiredWords(text);
  // Words that carry no meaning find nothing, as in other lists.
  if (text != null && words.length === 0) return [];
  const having = words.map(
    (forms) =>
      `echo_fact_keys(tenant_id, user_id, search_terms) && echo_fact_keys($2, $1, $${values.push(forms)}::text[])`,
  );
  // Found by their words alone, which are the user's: other plans would look at all that the user has.
  const found =
    having.length === 0
      ? ''
      : `with found as materialized (select id from echo_learned_facts
           where ${having.join(' and ')}) `;
  if (having.length > 0) also.push('id in (select id from found)');
  if (conditions.subject != null && conditions.subject.toLowerCase() !== OWNER)
    also.push(`subject_key = $${values.push(nameKeyOf(conditions.subject))} and subject_key <> ''`);
  const direction = page.inverted ? 'asc' : 'desc';
  const { rows } = await pool.query<RawRow>({
    name: nameOfShape(
      replicable('fact_page'),
      shapeOf({
        ...conditions,
        ...{ [`words${words.length}`]: true, [direction]: true },
        owner: conditions.subject?.toLowerCase() === OWNER ? true : null,
      }),
    ),
    text: `${found}select * from echo_learned_facts where user_id = $1 and tenant_id = $2 and id < $3 and id > $4
           ${also.map((condition) => `and ${condition}`).join(' ')} order by id ${direction} limit $5`,
    values,
  });
  return rows.map((row) => mapRow(learnedFacts, row));
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

/** Sources of one fact that are shown; the latest. */
export const SOURCES_SHOWN = 100;
export const CHANGES_SHOWN = 100;

/** Where each fact was said, the latest first. */
export async function sourcesOf(
  { pool }: Reader,
  tenantId: string,
  facts: readonly number[],
): Promise<FactSourceRow[][]> {
  const { rows } = await pool.query<RawRow>({
    name: replicable('sources_of_facts'),
    text: `select s.* from unnest($1::int[]) f(id) cross join lateral (
             select * from echo_fact_sources where fact = f.id and tenant_id = $2 and not withdrawn
             order by said_at desc, id desc limit ${SOURCES_SHOWN}) s`,
    values: [facts, tenantId],
  });
  return grouped(facts, rows, (row) => mapRow(factSources, row));
}

/** What changed of each fact, the latest first. */
export async function changesOf(
  { pool }: Reader,
  tenantId: string,
  facts: readonly number[],
): Promise<FactChangeRow[][]> {
  const { rows } = await pool.query<RawRow>({
    name: replicable('changes_of_facts'),
    text: `select c.* from unnest($1::int[]) f(id) cross join lateral (
             select * from echo_fact_changes where fact = f.id and tenant_id = $2
             order by id desc limit ${CHANGES_SHOWN}) c`,
    values: [facts, tenantId],
  });
  return grouped(facts, rows, (row) => mapRow(factChanges, row));
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

/** A change by its id, as far as the scope reaches. */
export async function changeById(
  reader: Reader,
  scope: Scope,
  changeId: string,
): Promise<FactChangeRow | null> {
  const [change] = await changesById(reader, scope, [changeId]);
  return change ?? null;
}

/** Changes by their ids, in that order, as far as the scope reaches; null for others. */
export async function changesById(
  { pool }: Reader,
  { tenantId, userId }: Scope,
  changeIds: readonly string[],
): Promise<(FactChangeRow | null)[]> {
  const { rows } = await pool.query<RawRow>({
    name: 'fact_changes_by_id',
    text: `select * from echo_fact_changes where change_id = any($1::uuid[]) and tenant_id = $2 and ($3::text is null or user_id = $3)`,
    values: [changeIds, tenantId, userId],
  });
  const byId = new Map(rows.map((row) => [row.change_id, mapRow(factChanges, row)]));
  return changeIds.map((id) => byId.get(id.toLowerCase()) ?? null);
}

function grouped<Row extends { readonly fact: number }>(
  facts: readonly number[],
  rows: readonly RawRow[],
  map: (row: RawRow) => Row,
): Row[][] {
  const byFact = new Map<number, Row[]>(facts.map((id) => [id, []]));
  for (const row of rows.map(map)) byFact.get(row.fact)?.push(row);
  return facts.map((id) => byFact.get(id) ?? []);
}
