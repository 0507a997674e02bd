import pg from 'pg';

export interface Sizes {
  readonly turns: number;
  readonly bytesPerTurn: Readonly<Record<string, number>>;
}

/** What each table belongs to. */
const PARTS: readonly (readonly [RegExp, string])[] = [
  [/^echo_index_/, 'word index'],
  [/^echo_unified_interactions/, 'turns'],
  [/^echo_events$/, 'events'],
  [/^echo_audit/, 'audit log'],
];

/** Bytes of the tables of a database and of their indexes, for each turn of it. @throws Error where it has no turns */
export async function probe(url: string): Promise<Sizes> {
  const client = new pg.Client({ connectionString: url, application_name: 'echo-brain capacity' });
  await client.connect();
  try {
    await client.query('set default_transaction_read_only = on');
    const { rows } = await client.query<{ name: string; heap: string; indexes: string; turns: string }>(
      `select c.relname as name, pg_table_size(c.oid)::text as heap, pg_indexes_size(c.oid)::text as indexes,
         (select count(*) from echo_unified_interactions)::text as turns
       from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public' and c.relkind = 'r'`,
    );
    const turns = Number(rows[0]?.turns ?? 0);
    if (turns === 0) throw new Error('the database has no turns to measure');
    const bytesPerTurn: Record<string, number> = {};
    const add = (name: string, bytes: string) => {
      bytesPerTurn[name] = (bytesPerTurn[name] ?? 0) + Number(bytes) / turns;
    };
    for (const { name, heap, indexes } of rows) {
      const part = PARTS.find(([pattern]) => pattern.test(name))?.[1] ?? 'other';
      add(part, heap);
      add(part === 'word index' ? part : `indexes of ${part}`, indexes);
    }
    return { turns, bytesPerTurn };
  } finally {
    await client.end();
  }
}
