import type pg from 'pg';
import { BackupDamaged } from './errors.ts';
import type { TableShape } from './snapshot.ts';

/** A foreign key, as SQL makes it. */
interface Reference {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

/**
 * Takes the foreign keys of some tables away: they may refer to each other in a circle, so that in no order of the tables each row
 * finds what it refers to, and a user that is no superuser can do without them in no other way.
 *
 * @returns puts them back, and looks at all rows, in the same transaction; it throws BackupDamaged where a row refers to none
 */
export async function withoutReferences(
  client: pg.Client,
  tables: readonly Pick<TableShape, 'name'>[],
): Promise<() => Promise<void>> {
  const { rows } = await client.query<Reference>({
    text: `select c.relname as table, k.conname as name, pg_get_constraintdef(k.oid) as definition
           from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
           where k.contype = 'f' and n.nspname = 'public' and c.relname = any($1) order by 1, 2`,
    values: [tables.map(({ name }) => name)],
  });
  for (const { table, name } of rows)
    await client.query(`alter table public."${table}" drop constraint "${name}"`);
  return async () => {
    for (const { table, name, definition } of rows)
      await client
        .query(`alter table public."${table}" add constraint "${name}" ${definition}`)
        .catch((error: unknown) => {
          if ((error as { code?: string } | null)?.code !== '23503') throw error;
          throw new BackupDamaged(
            `restored, rows of the table ${table} refer to rows that are not there (${name})`,
          );
        });
  };
}
