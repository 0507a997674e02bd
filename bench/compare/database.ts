import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, type Database } from '../../src/db/client.ts';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { runMigrations } from '../../src/db/migrate.ts';
import { createLogger } from '../../src/log.ts';
import { createLexicalEmbedder } from '../../src/models/lexical-embedder.ts';
import { modelKey } from '../../src/vectors/vector-store.ts';

export const CONVERSATIONS = 1_000;
export const TURNS_OF_EACH = 200;
export const CHARACTERS = 500;

/** A PostgreSQL of its own, with what is read in it. */
export interface BenchDatabase {
  readonly url: string;
  /** For what a work needs to see or do beside the server. */
  readonly db: Database;
  /** Of this run; ends with it. */
  readonly directory: string;
  /** An empty database on the same PostgreSQL. */
  beside(): Promise<{ readonly url: string; readonly db: Database; drop(): Promise<void> }>;
  stop(): Promise<void>;
}

/** Starts PostgreSQL on a new directory and fills it: 200,000 turns of one user. */
export async function startDatabase(): Promise<BenchDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'echo-brain-bench-'));
  const log = createLogger('error', 2);
  const postgres = await startEmbeddedPostgres({
    directory: join(directory, 'postgres'),
    log,
    maxConnections: 200,
  });
  const { host, port, user, database } = postgres.connection;
  const urlOf = (name: string) =>
    `postgresql://${user}@localhost:${port}/${name}?host=${encodeURIComponent(host)}`;
  const open = (connectionString: string) =>
    createDatabase({ connection: { connectionString }, log, slowQueryMs: 600_000, echo: false });
  const url = urlOf(database);
  const db = open(url);
  let others = 0;
  const beside = async () => {
    const name = `beside_${++others}`;
    await db.pool.query(`create database ${name}`);
    const other = open(urlOf(name));
    const drop = async () => {
      await other.close();
      await db.pool.query(`drop database ${name} with (force)`);
    };
    return { url: urlOf(name), db: other, drop };
  };
  const stop = async () => {
    await db.close().catch(() => undefined);
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await runMigrations(db);
    await fill(db);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, db, directory, beside, stop };
}

/** Rows as the server would store them; nothing of them is waiting for background work. */
async function fill(db: Database): Promise<void> {
  const client = await db.dedicated();
  try {
    await client.query(`set session_replication_role = replica`);
    await client.query(`
      insert into echo_conversations (tenant_id, conversation_id, user_id, created_at, last_interaction, title, next_sequence)
      select 'default', 'conversation ' || c, 'default', timestamptz '2026-01-01' + c * interval '1 hour',
             timestamptz '2026-01-01' + c * interval '1 hour' + ${TURNS_OF_EACH} * interval '10 seconds', 'About ' || c, ${TURNS_OF_EACH + 1}
      from generate_series(1, ${CONVERSATIONS}) c`);
    await client.query(`
      insert into echo_unified_interactions (tenant_id, turn_id, conversation_id, sequence, user_id, query, response, model_used,
        processing_time, payload_hash, chain_hash, vector_state, vector_model, learning_state, timestamp)
      select 'default', gen_random_uuid(), 'conversation ' || c, s, 'default',
             'What did we say about the lighthouse of number ' || s || ', and who keeps its parrot?',
             'We said that its keeper owns a parrot of the name ' || md5((c * 1000 + s)::text) || ', and that ' || repeat('it talks a lot, ', 1 + s % 20),
             'bench', 0.02, '', '', 'EMBEDDED', '${modelKey(createLexicalEmbedder())}', 'LEARNED',
             timestamptz '2026-01-01' + c * interval '1 hour' + s * interval '10 seconds'
      from generate_series(1, ${CONVERSATIONS}) c, generate_series(1, ${TURNS_OF_EACH}) s`);
    await client.query(`
      insert into character_profiles (tenant_id, character_name, aliases, creator, source_franchise, age, gender, occupation, personality_traits, background_story)
      select 'default', 'Quorvin Tessali' || translate(n::text, '0123456789', 'abcdefghij'), array['Tess' || translate(n::text, '0123456789', 'abcdefghij')], 'bench', 'The bench', n, 'female', 'keeper of a lighthouse',
             'patient, curious', repeat('She has kept the light since the storm. ', 5)
      from generate_series(1, ${CHARACTERS}) n`);
    // PostGraphile finds relations by constraints, where the server has indexes alone.
    await client.query(`comment on table echo_conversations is '@unique conversation_id,tenant_id,user_id'`);
    await client.query(
      `comment on table echo_unified_interactions is E'@foreignKey (conversation_id, tenant_id, user_id) references echo_conversations (conversation_id, tenant_id, user_id)|@foreignFieldName interactions'`,
    );
    await client.query('analyze');
  } finally {
    await client.end();
  }
}
