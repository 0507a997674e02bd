import { setTimeout as wait } from 'node:timers/promises';
import { type CorpusTurn, createCorpus } from '../memory/corpus.ts';
import { cpuSeconds, memoryOf } from '../size/server.ts';
import { startEchoBrain } from './candidates.ts';
import { installForBench, openMadeUpVectors } from './vectors.ts';
import type { Bench } from './work.ts';

/** Where turns come from that nobody looks for: those of one user, in conversations of forty. */
const USER = 'default';
const LOADED_AT_ONCE = 1_000;
const LOOK_MS = 100;
/** A server that has not caught up after so long is stuck. */
const CATCH_UP_MS = 1_200_000;

/** A server with a database of its own, in which one user's memory grows. */
export type MemoryServer = Awaited<ReturnType<typeof startMemoryServer>>;

/** Starts it on an empty database. @param more.env beside what every measured server gets @param more.madeUp vectors come from here */
export async function startMemoryServer(
  bench: Bench,
  { env: given = {}, model = null, madeUp = false }: MemoryOptions = {},
) {
  const database = await (await bench.database()).beside();
  const directory = await bench.folder('memory');
  const env = { ...given, ...(await installForBench({ model }, directory)) };
  const start = () => startEchoBrain(bench, { databaseUrl: database.url, directory, env });
  let server = await start();
  const { db } = database;
  const vectors = madeUp ? await openMadeUpVectors({ model }, directory, db) : null;
  const corpus = createCorpus(1);
  const turns: CorpusTurn[] = [];
  const send = (query: string, variables: object) => ask(server.url, query, variables);
  const count = async (sql: string) => Number((await db.pool.query(sql)).rows[0].count);
  const untilQuiet = async () => {
    const end = performance.now() + CATCH_UP_MS;
    for (;;) {
      // What waits by itself for a little company is no backlog.
      const unindexed = await count('select count(*) from echo_index_queue');
      const unembedded = await count(
        `select count(*) from echo_unified_interactions where vector_state <> 'EMBEDDED'`,
      );
      if (unindexed < 64 && unembedded === 0) return;
      if (performance.now() > end)
        throw new Error(
          `after ${CATCH_UP_MS / 1_000} s ${unindexed} turns are not indexed, ${unembedded} have no vector`,
        );
      await wait(LOOK_MS);
    }
  };
  return {
    url: () => server.url,
    /** Milliseconds from the start of its process until it said that it listens. */
    startMs: () => server.startMs,
    restart: async () => {
      await server.stop();
      server = await start();
    },
    db,
    corpus,
    turns,
    send,
    count,
    untilQuiet,
    /** Seconds of CPU that the server has taken. */
    cpu: () => cpuSeconds(server.pid),
    memory: () => memoryOf(server.pid),
    /** Lets the user have so many turns, which the server indexes and embeds; waits until it has. */
    grow: async (size: number) => {
      let last = Number(
        (await db.pool.query(`select max(id) as id from echo_unified_interactions`)).rows[0].id,
      );
      while (turns.length < size) {
        const first = turns.length;
        const added = Array.from({ length: Math.min(LOADED_AT_ONCE, size - first) }, (_, index) =>
          corpus.turn(first + index, USER),
        );
        const state = vectors ? 'LEASED' : 'PENDING';
        const values = [USER, JSON.stringify(added), first, state];
        await db.pool.query({ name: 'bench_load', text: LOAD, values });
        if (vectors) last = await vectors.add(last);
        turns.push(...added);
      }
      await untilQuiet();
      await db.pool.query('vacuum analyze');
    },
    stop: async () => {
      await vectors?.close();
      await server.stop();
      await database.drop();
    },
  };
}

interface MemoryOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The folder of a sentence model for the server; null: none. */
  readonly model?: string | null;
  /** Whether turns get vectors without a model's work, so that a million of them need no hours. */
  readonly madeUp?: boolean;
}

/** Rows as `recordTurns` would store them, a minute after each other, without what is measured elsewhere: journal, hashes, events. */
const LOAD = `insert into echo_unified_interactions (tenant_id, turn_id, conversation_id, sequence, user_id, query, response,
    model_used, processing_time, payload_hash, chain_hash, learning_state, vector_state,
    vector_lease_until, timestamp)
  select 'default', gen_random_uuid(), t."conversationId", t.sequence, $1, t.query, t.response, 'bench', 0, '', '', 'LEARNED', $4,
    now() + interval '1 hour',
    timestamptz '2024-01-01' + ($3::int + t.ordinal) * interval '1 minute'
  from rows from (json_to_recordset($2) as ("conversationId" text, sequence int, query text, response text))
    with ordinality as t("conversationId", sequence, query, response, ordinal)`;

/** @throws Error where the answer is none, or a failure that a caller may expect */
export async function ask(url: string, query: string, variables: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data?: Record<string, unknown>; errors?: unknown };
  const [answer] = Object.values(data ?? {});
  if (errors || !answer || Object.hasOwn(answer, 'message'))
    throw new Error(JSON.stringify(errors ?? answer).slice(0, 500));
  return data as Record<string, unknown>;
}
