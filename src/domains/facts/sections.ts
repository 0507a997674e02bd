import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { type ExportedLine, type Place, sectionOfRows } from '../../ground/section.ts';
import { FactChangeLine, FactLine } from './lines.ts';
import { restoreChanges, restoreFacts } from './restored.ts';
import {
  factChanges as changes,
  type FactRow,
  type FactSourceRow,
  factSources,
  learnedFacts,
} from './tables.ts';

interface Parts {
  readonly db: Database;
}

/** A user's facts with their sources, in the order in which they were recorded; behind the turns and pictures, which they quote. */
export const facts = sectionOfRows<Parts, FactLine>({
  kind: 'fact',
  schema: FactLine,
  dated: 'recordedAt',
  read: exportedFacts,
  restore: restoreFacts,
});

/** How the facts changed, in that order; behind the facts. */
export const factChanges = sectionOfRows<Parts, FactChangeLine>({
  kind: 'factChange',
  schema: FactChangeLine,
  dated: 'at',
  read: exportedChanges,
  restore: restoreChanges,
});

async function exportedFacts(
  { db }: Parts,
  owner: Owner,
  { number: after }: Place,
  limit: number,
): Promise<ExportedLine[]> {
  const values = [owner.userId, owner.tenantId];
  const page = await db.pool.query<RawRow>({
    name: 'export_facts',
    text: `select * from echo_learned_facts where user_id = $1 and tenant_id = $2 and id > $3 order by id limit $4`,
    values: [...values, after, limit],
  });
  const rows = page.rows.map((row) => mapRow(learnedFacts, row));
  const found = await db.pool.query<RawRow>({
    name: 'export_fact_sources',
    text: `select * from echo_fact_sources where fact = any($3::int[]) and user_id = $1 and tenant_id = $2 order by id`,
    values: [...values, rows.map(({ id }) => id)],
  });
  const sources = Map.groupBy(
    found.rows.map((row) => mapRow(factSources, row)),
    ({ fact }) => fact,
  );
  return rows.map((fact) => ({
    line: JSON.stringify(exportedFact(fact, sources.get(fact.id) ?? [])),
    after: { key: '', number: fact.id },
  }));
}

function exportedFact(fact: FactRow, sources: readonly FactSourceRow[]) {
  const { id: _, tenantId, userId, identityKey, polarityKey, slotKey, ...others } = fact;
  const { searchTerms, subjectKey, termsVersion, ...shown } = others;
  return { kind: 'fact', tenantId, userId, ...shown, sources: sources.map(exportedSource) };
}

function exportedSource({ id: _, tenantId, userId, fact, formKey, detail, ...source }: FactSourceRow) {
  return source;
}

async function exportedChanges(
  { db }: Parts,
  owner: Owner,
  { number: after }: Place,
  limit: number,
): Promise<ExportedLine[]> {
  const { rows } = await db.pool.query<RawRow & { fact_id: string }>({
    name: 'export_fact_changes',
    text: `select c.*, f.fact_id from echo_fact_changes c join echo_learned_facts f on f.id = c.fact
           where c.user_id = $1 and c.tenant_id = $2 and c.id > $3 order by c.id limit $4`,
    values: [owner.userId, owner.tenantId, after, limit],
  });
  return rows.map((raw) => {
    const { id, tenantId, userId, fact: _, kind, before, ...change } = mapRow(changes, raw);
    const line = { kind: 'factChange', tenantId, userId, factId: raw.fact_id, change: kind, ...change };
    return {
      line: JSON.stringify({ ...line, before: before && standing(before) }),
      after: { key: '', number: id },
    };
  });
}

/** In one order of its fields, whatever the database made of it. */
function standing({
  status,
  validUntil,
  retiredAt,
  retractedBy,
  supersededBy,
  correctedBy,
}: NonNullable<Before>) {
  return { status, validUntil, retiredAt, retractedBy, supersededBy, correctedBy };
}

type Before = typeof changes.$inferSelect.before;
