import type { Scope } from '../../access/principals.ts';
import { replicable } from '../../db/replicable.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import type { Reader } from './reads.ts';
import { type FactChangeRow, type FactRow, type FactSourceRow, factChanges, factSources } from './tables.ts';

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

/** What an act changed of a fact; null: it was so before. */
export async function changeOf(
  { pool }: Reader,
  { fact: { id, tenantId, userId }, act }: { readonly fact: FactRow; readonly act: string },
): Promise<FactChangeRow | null> {
  const { rows } = await pool.query<RawRow>({
    name: 'fact_change_of_act',
    text: `select * from echo_fact_changes where act = $1 and fact = $2 and tenant_id = $3 and user_id = $4
           order by id desc limit 1`,
    values: [act, id, tenantId, userId],
  });
  return rows[0] ? mapRow(factChanges, rows[0]) : null;
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
