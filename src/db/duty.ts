import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';

/**
 * What the rows of a table owe to those they are of. It stands beside the table, so that whoever adds one says it there:
 * erasures and their proof, exports, the audit log and the tests of isolation go by the list of duties.
 */
export interface Duty {
  readonly table: PgTable;
  readonly owner: Ownership;
  readonly erasure: Erasure;
  readonly exported: Exported;
  /** Which operations the audit log tells of; or why of none. */
  readonly audited: readonly [Audited, ...Audited[]] | Not;
  readonly kept: Kept;
}

/**
 * Whose the rows are.
 *
 * `user`: the column with the user's id (beside `tenant_id`); where it is null, the row is the tenant's.
 * `parent`: the key of the row that says whose it is, which `through` of this table holds.
 * `subject`: the column with a hash of tenant and user, from which nobody learns who it was.
 */
export type Ownership =
  | { readonly user: PgColumn }
  | { readonly parent: PgColumn; readonly through: PgColumn }
  | { readonly subject: PgColumn }
  | 'tenant'
  | 'system';

/** What is not done, and why that is right. */
export interface Not {
  readonly not: string;
}

/** What an erasure does with the rows of its user. */
export type Erasure =
  | (Deleted & { readonly rows: 'delete' })
  /** More belongs to a row than the row (a vector, a file): the domain's own verb of this name takes all of it away. */
  | (Deleted & { readonly rows: { readonly verb: string } })
  | (Named & { readonly rows: 'keep'; readonly why: string });

interface Deleted extends Named {
  /** Under which name the receipt says how many went; absent: it does not count them. */
  readonly counted?: string;
  /** Under which name the receipt says how many are left, or why it does not; tables that belong together share one. */
  readonly left: string | Not;
}

interface Named {
  /** Columns that name a user in rows of others: the rows stay, without the name. */
  readonly names?: readonly PgColumn[];
}

/** The kind of the lines that hold the rows in an export, from which a restore makes them again; or why none does. */
export type Exported = { readonly lines: string } | Not;

/** An operation that the audit log tells of. */
export interface Audited {
  readonly on: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';
  readonly action: string;
  /**
   * What a trigger writes into the row: which column names what was changed, and which its owner; `of`: only where one of
   * these columns was set. Absent: the statement writes its row itself, since one tells of many turns.
   */
  readonly trigger?: {
    readonly target: PgColumn;
    readonly owner?: PgColumn;
    readonly of?: readonly PgColumn[];
  };
}

/** How long rows are kept where nobody deletes them. */
export type Kept =
  | 'until they are deleted'
  | (Outdated & { readonly days: number })
  /** Days that the operator sets. */
  | (Outdated & { readonly setting: RetentionSetting })
  /** Until whoever put them there has done what they are for. */
  | { readonly until: string };

/** Settings that say how many days something is kept. */
export type RetentionSetting = 'AUDIT_RETENTION_DAYS' | 'TASKS_RETENTION_DAYS';

interface Outdated {
  /** The days begin at its instant. */
  readonly past: PgColumn;
  /** A key in whose order rows grow younger, where `past` has no index. */
  readonly inOrderOf?: PgColumn;
  /** Rows stay for as long as this is set. */
  readonly unless?: PgColumn;
}
