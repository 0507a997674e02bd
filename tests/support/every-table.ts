import pg from 'pg';

/** A reference from one table to another. */
export interface Reference {
  readonly name: string;
  readonly source: string;
  readonly target: string;
  /** As SQL makes it. */
  readonly definition: string;
  /** Whether a row refers to one that is there. */
  readonly isHeld: boolean;
}

/** What columns hold, by their type: the same everywhere, so that each row refers to the one row of any other table. */
const BY_TYPE: Readonly<Record<string, string>> = {
  ...{ int2: '1', int4: '1', int8: '1', float4: '1', float8: '1', numeric: '1', bool: 'true', text: "'x'" },
  ...{
    varchar: "'x'",
    uuid: "'00000000-0000-4000-8000-000000000001'",
    bytea: "sha256('x')",
    jsonb: "'{}'",
    json: "'{}'",
  },
  ...{ timestamptz: "date_trunc('day', now())", date: 'current_date', interval: "'1 day'", xid8: "'1'" },
};

/** Where a check wants something else than its type, or the last of the words that it names; null: no value. */
const BY_COLUMN: Readonly<Record<string, string | null>> = {
  // A client whom a partner brought, and a partner may not be their own.
  'business_parties.id': '2',
  'business_parties.kind': "'CLIENT'",
  'business_parties.rate': null,
  'payout_reports.state': "'APPROVED'",
  'echo_unified_interactions.archived_at': null,
  'echo_audit_seals.last_id': "'1'",
};

/** Rows that the first one of their table refers to. */
const BESIDE = [
  `insert into business_parties (id, tenant_id, kind, party_id, rate, created_by) values (1, 'x', 'PARTNER', 'p', 1, 'x')`,
];

interface Column {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  /** The last word that a check allows here. */
  readonly word: string | null;
}

/**
 * Puts a row into each table of a database, with every column filled, so that each foreign key has a row that holds it: a table
 * that is new is filled, too, and this fails where a check of it wants something that `BY_COLUMN` does not say.
 */
export async function fillEveryTable(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query("begin; set local session_replication_role = 'replica'");
    const { rows } = await client.query<Column>(
      `select c.relname as table, a.attname as name, t.typname as type,
         (select substring(pg_get_constraintdef(k.oid) from '\\m' || a.attname || ' = ANY \\(ARRAY\\[[^\\]]*''([^'']*)''::text\\]')
          from pg_constraint k where k.conrelid = c.oid and k.contype = 'c' and a.attnum = any(k.conkey) order by 1 limit 1) as word
       from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
       join pg_type t on t.oid = a.atttypid
       where n.nspname = 'public' and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
       order by c.relname, a.attnum`,
    );
    for (const [table, columns] of Map.groupBy(rows, (column) => column.table))
      await client.query(
        `insert into "${table}" (${columns.map(({ name }) => `"${name}"`).join(', ')}) overriding system value
         values (${columns.map(valueFor).join(', ')}) on conflict do nothing`,
      );
    for (const statement of BESIDE) await client.query(statement);
    await client.query(`select setval(c.oid::regclass, 1000) from pg_class c where c.relkind = 'S'`);
    await client.query('commit');
  } finally {
    await client.end();
  }
}

function valueFor({ table, name, type, word }: Column): string {
  const said = BY_COLUMN[`${table}.${name}`];
  if (said !== undefined) return said ?? 'null';
  if (word !== null) return `'${word}'`;
  if (type.startsWith('_')) return "'{}'";
  const value = BY_TYPE[type];
  if (value === undefined) throw new Error(`nobody said what ${table}.${name} of the type ${type} may hold`);
  return value;
}

/** All references of a database, in one order. */
export async function references(databaseUrl: string): Promise<Reference[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<Omit<Reference, 'isHeld'> & { pairs: string }>(
      `select k.conname as name, k.conrelid::regclass::text as source, k.confrelid::regclass::text as target,
         pg_get_constraintdef(k.oid) as definition,
         (select string_agg(format('s.%I = t.%I', s.attname, t.attname), ' and ')
          from unnest(k.conkey, k.confkey) as pair(here, there)
          join pg_attribute s on s.attrelid = k.conrelid and s.attnum = pair.here
          join pg_attribute t on t.attrelid = k.confrelid and t.attnum = pair.there) as pairs
       from pg_constraint k where k.contype = 'f' order by 2, 1`,
    );
    const found: Reference[] = [];
    for (const { pairs, ...reference } of rows) {
      const { rowCount } = await client.query(
        `select from ${reference.source} s join ${reference.target} t on ${pairs} limit 1`,
      );
      found.push({ ...reference, isHeld: rowCount !== 0 });
    }
    return found;
  } finally {
    await client.end();
  }
}
