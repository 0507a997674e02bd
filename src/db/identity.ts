import type { Database } from './client.ts';
import { onlyRow } from './statements.ts';

/** Which database this is. */
export interface DatabaseIdentity {
  /** The same after a restart and for every server on it; another one for a fresh database, and for a copy. */
  readonly id: string;
  /** Whether the id was given just now, because the database had been copied or loaded from elsewhere. */
  readonly isCopy: boolean;
}

/**
 * Tells which database this is. A copy (a dump loaded beside the original, a database made from a template) brings
 * the id of its original along; so the row remembers which database of which cluster the id was given to, and a
 * database that finds itself elsewhere, or nowhere yet, takes a new one. A copy of the cluster's files cannot be told from its original.
 */
export async function identifyDatabase(db: Database): Promise<DatabaseIdentity> {
  const place = await placeOf(db);
  // Servers that start together wait for each other's row here.
  const found = await db.pool.query<DatabaseIdentity>({
    name: 'identify_database',
    text: `with before as (select place from echo_database for update)
           update echo_database set place = $1,
             id = case when before.place = $1 then id else gen_random_uuid() end
           from before
           returning id, before.place is not null and before.place <> $1 as "isCopy"`,
    values: [place],
  });
  return onlyRow(found);
}

async function placeOf(db: Database): Promise<string> {
  const found = await db.pool.query<{ oid: string; maySeeCluster: boolean }>(
    `select oid::text as oid, has_function_privilege('pg_control_system()', 'execute') as "maySeeCluster"
     from pg_database where datname = current_database()`,
  );
  const { oid, maySeeCluster } = onlyRow(found);
  // Where the role may not ask for it, the database's number must do.
  if (!maySeeCluster) return `/${oid}`;
  const cluster = await db.pool.query<{ id: string }>(
    'select system_identifier::text as id from pg_control_system()',
  );
  return `${onlyRow(cluster).id}/${oid}`;
}
