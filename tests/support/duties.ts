import { getTableName } from 'drizzle-orm';
import { getTableConfig, type PgColumn, type PgTable } from 'drizzle-orm/pg-core';
import type { Pool } from 'pg';
import type { Duty } from '../../src/db/duty.ts';
import { deleteOutdatedBatch, outdatings, type RetentionDays } from '../../src/db/retention.ts';

/** Columns that name a user in a row that is not theirs. */
const NAMING = /_by$/;

/** Ids of rows, and one word out of a few, are no users. */
const mayName = (column: PgColumn) =>
  NAMING.test(column.name) && column.getSQLType() !== 'uuid' && !column.enumValues?.length;

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
  for (const column of getTableConfig(duty.table).columns.filter(mayName))
    if (!named.includes(column.name)) yield `keeps the name in ${column.name} of a user who is erased`;
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
