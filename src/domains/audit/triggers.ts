import { getTableName } from 'drizzle-orm';
import type { Database } from '../../db/client.ts';
import type { Duty } from '../../db/duty.ts';

/** What `TRIGGERS` returns of a database. */
export interface TriggerRow {
  readonly table: string;
  readonly type: number;
  readonly of: string[] | null;
  readonly args: Buffer;
}

/** The triggers that write the audit log, and are switched on. */
export const TRIGGERS = `
  select c.relname as table, t.tgtype::int as type, t.tgargs as args,
    (select array_agg(attname::text) from pg_attribute
     where attrelid = t.tgrelid and attnum = any(t.tgattr::int2[])) as of
  from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_proc p on p.oid = t.tgfoid
  where p.proname = 'echo_audit_row' and t.tgenabled in ('O', 'A')`;

/** Bits of the type of a trigger in PostgreSQL's catalog. */
const OPERATIONS = { INSERT: 4, DELETE: 8, UPDATE: 16 };

/** The triggers that the duties ask for, and those of them that the database does not have. */
export async function missingTriggers(
  { pool }: Pick<Database, 'pool'>,
  duties: readonly Duty[],
): Promise<{ readonly expected: number; readonly missing: readonly string[] }> {
  const { rows } = await pool.query<TriggerRow>({ name: 'audit_triggers', text: TRIGGERS });
  const found = new Set(triggersIn(rows));
  const expected = triggersOf(duties);
  return { expected: expected.length, missing: expected.filter((trigger) => !found.has(trigger)) };
}

/** Tables that migrations make, which inherit from others, and so owe what these do. */
const HEIRS: Readonly<Record<string, readonly string[]>> = {
  echo_unified_interactions: ['echo_unified_interactions_archive'],
};

/** The triggers that the duties ask for, in one form with `triggersIn`. */
export function triggersOf(duties: readonly Duty[]): string[] {
  return duties.flatMap(({ table, audited }) =>
    'not' in audited
      ? []
      : audited.flatMap(({ on, action, trigger }) => {
          if (!trigger) return [];
          const of = trigger.of?.map(({ name }) => name) ?? [];
          const names = [action, trigger.target.name, ...(trigger.owner ? [trigger.owner.name] : [])];
          const tables = [getTableName(table), ...(HEIRS[getTableName(table)] ?? [])];
          return tables.map((name) => triggerName(name, on, of, names));
        }),
  );
}

export function triggersIn(rows: readonly TriggerRow[]): string[] {
  return rows.flatMap(({ table, type, of, args }) =>
    Object.entries(OPERATIONS)
      .filter(([, bit]) => type & bit)
      .map(([on]) => triggerName(table, on, of ?? [], args.toString('utf8').split('\0').slice(0, -1))),
  );
}

function triggerName(table: string, on: string, of: readonly string[], names: readonly string[]): string {
  const columns = of.length > 0 ? ` of ${[...of].sort().join(', ')}` : '';
  return `${table} ${on}${columns}: ${names.join(' ')}`;
}
