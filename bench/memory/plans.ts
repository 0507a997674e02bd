import type { Owner } from '../../src/access/principals.ts';
import { searchMemory } from '../../src/domains/memory/memory.ts';
import type { Services } from '../../src/graphql/context.ts';

interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
}
interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly Plan[];
}

/**
 * Runs searches, asks PostgreSQL for the plan of every statement that they sent, and names the scans of whole tables.
 */
export async function scanningPlans(services: Services, owner: Owner, query: string): Promise<string[]> {
  const { pool } = services.db;
  const sent = new Map<string, Statement>();
  const original = pool.query;
  const watching = (statement: Statement, ...rest: unknown[]) => {
    if (statement.name) sent.set(statement.name, statement);
    return Reflect.apply(original, pool, [statement, ...rest]);
  };
  pool.query = watching as typeof pool.query;
  try {
    const since = new Date(Date.now() - 365 * 86_400_000);
    for (const conditions of [{}, { since }, { conversationId: `${owner.userId}-1` }, { characterIds: [1] }])
      await searchMemory(services, owner, { query, limit: 20, ...conditions });
  } finally {
    pool.query = original;
  }
  const scans: string[] = [];
  for (const { name, text, values } of sent.values()) {
    const { rows } = await pool.query(`explain (format json) ${text}`, values);
    for (const table of scannedTables(rows[0]['QUERY PLAN'][0].Plan))
      if (await isLarge(services, table)) scans.push(`${name} scans ${table}`);
  }
  return scans;
}

/** A table of a few pages is read whole because that is the cheapest way. */
const FEW_PAGES = 8;

async function isLarge({ db }: Services, table: string): Promise<boolean> {
  const { rows } = await db.pool.query('select relpages from pg_class where relname = $1', [table]);
  return rows[0]?.relpages > FEW_PAGES;
}

function scannedTables(plan: Plan): string[] {
  const own = plan['Node Type'] === 'Seq Scan' ? [plan['Relation Name'] ?? 'a table'] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(scannedTables)];
}
