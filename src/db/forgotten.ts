import type { Database } from './client.ts';

interface Owner {
  readonly tenantId: string;
  readonly userId: string;
}

/** A row that hangs on a turn, and was forgotten when the turn came or went. */
export interface Forgotten {
  /** The key of the row that was walked over, as text. */
  readonly key: string;
  /** By which people find it. */
  readonly id: string;
  /** Null: nobody knows whose it is. */
  readonly tenantId: string | null;
  readonly userId: string | null;
  /** SHA-256 of the owner in hexadecimal, where the row has no more of them. */
  readonly subject?: string | null;
}

/** What may have been forgotten: how one sees it in any snapshot of the database, and how it is made good. */
export interface ForgottenKind {
  /** In small letters and hyphens; part of the names of statements. */
  readonly name: string;
  /** In plain words, of many. */
  readonly words: string;
  /** The rows that are walked over, in the order of their key; those of one key are met together. */
  readonly walk: Walk;
  /** SQL: columns `id`, `tenantId`, `userId` (and `subject`) of a row `t` that was forgotten. */
  readonly shown: string;
  /**
   * SQL: whether a row `t` was forgotten. Its looks into other tables end with `offset 0`, so that they go by an index for each
   * row: for a page of some thousand, reading a whole table may look cheaper.
   */
  readonly forgotten: string;
  /** Makes rows good that were found, if they are still as they were found; absent: nobody knows how they should be. */
  readonly repair?: (db: RepairableDatabase, rows: readonly Forgotten[]) => Promise<void>;
}

/** Rows by the next key. */
export interface Walk {
  readonly type: 'int' | 'bigint' | 'uuid';
  /** SQL: the next rows with a column `key` behind $1, in its order, with those that share the last key; none: the walk is over. */
  readonly behind: string;
  /** SQL: the same rows, of the keys $1. */
  readonly among: string;
}

export type RepairableDatabase = Pick<Database, 'pool' | 'transaction'>;

const FIRST = { int: '-1', bigint: '-1', uuid: '00000000-0000-0000-0000-000000000000' } as const;
const PAGE = 5_000;

/** A walk over the rows of a table. @param key a column with an index @param columns what is asked of them beside it */
export function walkOver(
  table: string,
  {
    key,
    type,
    columns,
    limit = PAGE,
    where = 'true',
  }: Omit<Walk, 'behind' | 'among'> & {
    readonly key: string;
    readonly columns: string;
    readonly limit?: number;
    /** SQL: only such rows. */
    readonly where?: string;
  },
): Walk {
  const rows = `select ${key} as key, ${columns} from ${table} where ${where}`;
  return {
    type,
    behind: `${rows} and ${key} > $1::${type} order by ${key} fetch first ${limit} rows with ties`,
    among: `${rows} and ${key} = any($1::${type}[])`,
  };
}

/** What one page of a walk showed. */
export interface ForgottenPage {
  /** Behind which key the walk goes on; null: it is over. */
  readonly next: string | null;
  readonly found: readonly Forgotten[];
}

/** Looks at the next rows, in one statement: what is on its way is in a snapshot as a whole, or not at all. @param after null: the first */
export async function forgottenBehind(
  { pool }: Pick<Database, 'pool'>,
  kind: ForgottenKind,
  after: string | null,
): Promise<ForgottenPage> {
  const { rows } = await pool.query<ForgottenPage>({
    name: `forgotten_${kind.name}`,
    text: `with t as materialized (${kind.walk.behind})
           select (select key::text from t order by key desc limit 1) as next,
             (${foundIn(kind)}) as found`,
    values: [after ?? FIRST[kind.walk.type]],
  });
  return rows[0] ?? { next: null, found: [] };
}

/** Which of some rows are still as they were found. */
export async function stillForgotten(
  { pool }: Pick<Database, 'pool'>,
  kind: ForgottenKind,
  found: readonly Forgotten[],
): Promise<Forgotten[]> {
  const { rows } = await pool.query<{ found: Forgotten[] }>({
    name: `still_forgotten_${kind.name}`,
    text: `with t as materialized (${kind.walk.among}) select (${foundIn(kind)}) as found`,
    values: [[...new Set(found.map(({ key }) => key))]],
  });
  const known = new Set(found.map(nameOf));
  return (rows[0]?.found ?? []).filter((row) => known.has(nameOf(row)));
}

const foundIn = ({ shown, forgotten }: ForgottenKind) =>
  `select coalesce(json_agg(f), '[]') from (select t.key::text as key, ${shown} from t where ${forgotten}) f`;
const nameOf = ({ key, id }: Forgotten) => `${key} ${id}`;

/** Rows by their owner, of whom all are known. */
export function byOwner(rows: readonly Forgotten[]): { readonly owner: Owner; readonly rows: Forgotten[] }[] {
  const groups = Map.groupBy(rows, ({ tenantId, userId }) => JSON.stringify([tenantId, userId]));
  return [...groups.values()].map((group) => {
    const { tenantId, userId } = group[0] as Forgotten;
    return { owner: { tenantId: tenantId ?? '', userId: userId ?? '' }, rows: group };
  });
}
