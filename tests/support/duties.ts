import { getTableName } from 'drizzle-orm';
import { getTableConfig, type PgColumn, type PgTable } from 'drizzle-orm/pg-core';
import type { Pool } from 'pg';
import type { Duty } from '../../src/db/duty.ts';
import { deleteOutdatedBatch, outdatings, type RetentionDays } from '../../src/db/retention.ts';

/** Columns that name a user in a row that is not theirs. */
const NAMING = /_by$/;

/** Which tables owe something that nobody has said, or said twice; one line each. */
export function forgotten(tables: readonly PgTable[], duties: readonly Duty[]): string[] {
  const owing = new Map(duties.map((duty) => [duty.table, duty]));
  const twice = duties.filter((duty) => owing.get(duty.table) !== duty);
  return [
    ...tables.filter((table) => !owing.has(table)).map((table) => `${getTableName(table)} has no duties`),
    ...twice.map(({ table }) => `${getTableName(table)} has its duties twice`),
    ...duties.flatMap((duty) => {
      const name = getTableName(duty.table);
      const problems = [...problemsOf(duty, owing)].map((problem) => `${name} ${problem}`);
      return tables.includes(duty.table) ? problems : [`${name} is not in the list of tables`, ...problems];
    }),
  ];
}

function* problemsOf(duty: Duty, owing: ReadonlyMap<PgTable, Duty>): Generator<string> {
  const { table, owner, erasure } = duty;
  const columns = getTableConfig(table).columns.map(({ name }) => name);
  const isPersonal = typeof owner === 'object' && !('subject' in owner);
  if (columns.includes('user_id') && !(typeof owner === 'object' && 'user' in owner))
    yield 'has user_id, but its rows are not the user’s';
  if (columns.includes('tenant_id') === (owner === 'system' || isOfParent(duty)))
    yield columns.includes('tenant_id') ? 'has tenant_id, but is the system’s' : 'has no tenant_id';
  if (isPersonal && erasure.rows === 'keep') yield 'keeps the rows of a user who is erased';
  if (!isPersonal && erasure.rows !== 'keep') yield 'is erased, but is no user’s';
  const named = erasure.names?.map((column) => column.name) ?? [];
  for (const column of columns.filter((each) => NAMING.test(each) && !named.includes(each)))
    yield `keeps the name in ${column} of a user who is erased`;
  if (isOfParent(duty)) {
    const parent = owing.get(parentOf(duty));
    if (!parent) yield 'has a parent without duties';
    // The verb would have taken the row that says whose the part is.
    else if (erasure.rows === 'delete' && parent.erasure.rows !== 'delete')
      yield 'is a part of what a verb erases: that must erase it, too';
  }
  for (const column of columnsIn(duty))
    if (column.table !== table) yield `names ${column.name}, which is another table’s`;
  if ('not' in duty.audited && duty.audited.not === '') yield 'does not say why it is not audited';
  if (
    typeof duty.kept === 'object' &&
    (('until' in duty.kept && duty.kept.until === '') || ('days' in duty.kept && duty.kept.days <= 0))
  )
    yield 'does not say how long it is kept';
  if ('not' in duty.exported && duty.exported.not === '') yield 'does not say why it is not exported';
}

function isOfParent({ owner }: Duty): boolean {
  return typeof owner === 'object' && 'parent' in owner;
}

function parentOf({ owner, table }: Duty): PgTable {
  return typeof owner === 'object' && 'parent' in owner ? (owner.parent.table as PgTable) : table;
}

/** All columns of its own table that a duty names. */
function columnsIn({ owner, erasure, audited, kept }: Duty): PgColumn[] {
  const owned =
    typeof owner !== 'object'
      ? []
      : [
          ('user' in owner && owner.user) ||
            ('through' in owner && owner.through) ||
            ('subject' in owner && owner.subject),
        ];
  const told = 'not' in audited ? [] : audited.flatMap(({ trigger }) => (trigger ? [trigger] : []));
  return [
    ...owned.filter((column) => column !== false),
    ...(erasure.names ?? []),
    ...told.flatMap(({ target, owner: whose, of = [] }) => [target, ...(whose ? [whose] : []), ...of]),
    ...(typeof kept === 'object' && 'past' in kept
      ? [kept.past, ...(kept.inOrderOf ? [kept.inOrderOf] : [])]
      : []),
  ];
}

/** Tables whose rows are kept for some time only, and of which no statement deletes them then. */
export function overdue(duties: readonly Duty[], statements: ReadonlySet<string>): string[] {
  return duties
    .filter(({ kept }) => typeof kept === 'object' && 'past' in kept)
    .map(({ table }) => getTableName(table))
    .filter((name) => !statements.has(`delete_outdated_${name}`));
}

/** Whether a source deletes rows by their age on its own. */
export function deletesByAge(source: string): boolean {
  return (
    /\bdelete from\b[^`;]*\bnow\(\) -/i.test(source) ||
    /\.delete\(\w+\)\s*\.where\([^;]*now\(\) -/.test(source)
  );
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

/** Kinds of lines that tables name and an export has none of, or the other way round. */
export function unexported(duties: readonly Duty[], kinds: ReadonlySet<string>): string[] {
  const named = duties.flatMap(({ exported }) => ('lines' in exported ? [exported.lines] : []));
  return [
    ...named.filter((kind) => !kinds.has(kind)).map((kind) => `no line of an export is a "${kind}"`),
    ...[...kinds]
      .filter((kind) => !named.includes(kind))
      .map((kind) => `no table says that its rows are exported as "${kind}"`),
  ];
}

/** Deletes what is older than the duties of the tables say that it is kept, without a task for it. */
export async function deleteOutdated(
  pool: Pick<Pool, 'query'>,
  duties: readonly Duty[],
  days: RetentionDays,
): Promise<void> {
  for (const outdating of outdatings(duties, days))
    while (!(await deleteOutdatedBatch(pool as never, outdating)).isLast);
}
