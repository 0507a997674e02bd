import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOCAL_PRINCIPAL } from '../../src/access/principals.ts';
import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createHttpSender } from '../../src/import/client.ts';
import type { Send } from '../../src/import/operations.ts';
import { createLogger } from '../../src/log.ts';
import { type CorpusTurn, createCorpus } from './corpus.ts';
import { scanningPlans } from './plans.ts';

const LOADED_AT_ONCE = 1_000;
const SEARCH = `query Search($query: String!, $userId: String) {
  memorySearch(query: $query, limit: 20, filter: { userId: $userId }) { tookMs degraded hits { score interaction { turnId } } }
}`;
const ASK = `mutation Ask($input: ProcessQueryInput!) {
  processQuery(input: $input) { ... on ProcessQuerySuccess { interaction { stepTimings } } ... on Error { message } }
}`;
const RECORD = `mutation Record($input: RecordTurnsInput!) {
  recordTurns(input: $input) { ... on RecordTurnsSuccess { durability } ... on Error { message } }
}`;

type Server = Awaited<ReturnType<typeof createApp>>;
type Corpus = ReturnType<typeof createCorpus>;
type Print = (line: string) => void;

/** Options of the command, as they were typed. */
export interface Given {
  readonly sizes: string;
  readonly users: string;
  readonly queries: string;
  readonly seed: string;
}

/** Measures memory as it grows; asserts nothing, but names any plan that scans a table. */
export async function benchMemory(values: Given, print: Print): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'echo-brain-bench-'));
  const log = createLogger('error', 2);
  const config = {
    ...readConfig(),
    dataDirectory: directory,
    databaseUrl: null,
    port: 0,
    canaryIntervalMs: 0,
  };
  const server = await createApp(config, log, { migrate: true });
  try {
    // Vectors of spelling are no part of a search, and would take most of the time.
    await server.services.vectorWorker.stop();
    await server.services.reconciler.stop();
    const send = createHttpSender({ url: await server.listen(), apiKey: null, log });
    const corpus = createCorpus(Number(values.seed));
    const users = Array.from({ length: Number(values.users) }, (_, index) => `user-${index}`);
    const loaded: CorpusTurn[] = [];
    for (const size of values.sizes.split(',').map(Number)) {
      await grow(server, corpus, users, loaded, size, print);
      await searches({ server, send, corpus, users, loaded, queries: Number(values.queries) }, print);
      await contexts({ server, send, corpus, users, loaded }, print);
      await writes({ server, send, corpus, users }, print);
    }
  } finally {
    await server.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function grow(
  server: Server,
  corpus: Corpus,
  users: readonly string[],
  loaded: CorpusTurn[],
  size: number,
  print: Print,
): Promise<void> {
  const { db } = server.services;
  const first = Math.round(loaded.length / users.length);
  const started = performance.now();
  for (const user of users) {
    for (let from = first; from < size; from += LOADED_AT_ONCE) {
      const count = Math.min(LOADED_AT_ONCE, size - from);
      const turns = Array.from({ length: count }, (_, index) => corpus.turn(from + index, user));
      await load(server, user, turns);
      loaded.push(...turns);
    }
  }
  const loadedMs = performance.now() - started;
  await untilIndexed(server);
  const indexedMs = performance.now() - started;
  for (const table of ['postings', 'documents', 'segments', 'queue', 'owners'])
    await db.pool.query(`vacuum analyze echo_index_${table}`);
  await db.pool.query('vacuum analyze echo_unified_interactions');
  const { rows } = await db.pool.query(
    `select sum(pg_total_relation_size(oid)) filter (where relname like 'echo_index%') as index,
            sum(pg_total_relation_size(oid)) filter (where relname = 'echo_unified_interactions') as turns,
            (select sum(octet_length(data) + octet_length(term)) from echo_index_postings) as live
     from pg_class where relkind = 'r'`,
  );
  const perTurn = (bytes: string) => Math.round(Number(bytes) / loaded.length);
  const added = loaded.length - first * users.length;
  print(
    `${size} turns of ${users.length} users: loaded at ${perSecond(added, loadedMs)}, loaded and indexed at ${perSecond(added, indexedMs)}; ` +
      `${perTurn(rows[0].index)} bytes of index (${perTurn(rows[0].live)} of them postings, the rest keys and room that merges left) and ${perTurn(rows[0].turns)} bytes of table a turn`,
  );
}

/** Rows as `recordTurns` would store them, without its journal, hashes and events, which are measured elsewhere. */
async function load(server: Server, user: string, turns: readonly CorpusTurn[]): Promise<void> {
  const now = Date.now();
  await server.services.db.pool.query({
    name: 'bench_load',
    text: `insert into echo_unified_interactions (tenant_id, turn_id, conversation_id, sequence, user_id, query, response,
               model_used, processing_time, payload_hash, chain_hash, vector_state, timestamp)
             select $1, gen_random_uuid(), t."conversationId", t.sequence, $2, t.query, t.response, 'bench', 0, '', '', 'EMBEDDED',
               to_timestamp($4::float8 / 1000) + t.ordinal * interval '1 millisecond'
             from rows from (json_to_recordset($3) as ("conversationId" text, sequence int, query text, response text))
               with ordinality as t("conversationId", sequence, query, response, ordinal)`,
    values: [LOCAL_PRINCIPAL.tenantId, user, JSON.stringify(turns), now - 40 * 86_400_000],
  });
  server.services.indexWorker.wake(turns.length);
}

async function untilIndexed({ services }: Server): Promise<void> {
  for (;;) {
    const { rows } = await services.db.pool.query('select count(*)::int as count from echo_index_queue');
    if (rows[0].count < 64) return;
    services.indexWorker.wake(rows[0].count);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface Measured {
  readonly server: Server;
  readonly send: Send;
  readonly corpus: Corpus;
  readonly users: readonly string[];
}

async function searches(
  {
    server,
    send,
    corpus,
    users,
    loaded,
    queries,
  }: Measured & { loaded: readonly CorpusTurn[]; queries: number },
  print: Print,
): Promise<void> {
  const took: number[] = [];
  const seen: number[] = [];
  let found = 0;
  for (let number = 0; number < queries * 1.2; number++) {
    const turn = loaded[Math.floor((loaded.length * ((number * 7919) % 10_007)) / 10_007)] as CorpusTurn;
    const userId = users.find((user) => turn.conversationId.startsWith(`${user}-`)) ?? null;
    const started = performance.now();
    const { data, errors } = await send({
      query: SEARCH,
      variables: { query: corpus.question(turn), userId },
    });
    const ms = performance.now() - started;
    if (!data) throw new Error(JSON.stringify(errors));
    const { memorySearch } = data as { memorySearch: { tookMs: number; hits: { interaction: object }[] } };
    // The first sixth warms up.
    if (number < queries * 0.2) continue;
    seen.push(ms);
    took.push(memorySearch.tookMs);
    if (memorySearch.hits.length > 0) found++;
  }
  print(
    `  search: ${percentiles(took)}; over HTTP ${percentiles(seen)}; ${found} of ${took.length} found something`,
  );
  const sample = corpus.question(loaded[0] as CorpusTurn);
  const scans = await scanningPlans(server.services, { ...LOCAL_PRINCIPAL, userId: users[0] ?? '' }, sample);
  print(scans.length === 0 ? '  no statement of a search scans a table' : `  SCANS: ${scans.join('; ')}`);
}

/** What gathering and choosing the context of an answer costs: characters, history, memories. */
async function contexts(
  { send, corpus, users, loaded }: Measured & { loaded: readonly CorpusTurn[] },
  print: Print,
) {
  const took: number[] = [];
  for (let number = 0; number < 120; number++) {
    const turn = loaded[(number * 7919) % loaded.length] as CorpusTurn;
    const input = { query: corpus.question(turn), userId: users[0], conversationId: `ask-${users[0]}` };
    const { data } = await send({ query: ASK, variables: { input } });
    const { processQuery } = data as { processQuery: { interaction: { stepTimings: { context: number } } } };
    // The first ones warm up.
    if (number >= 20) took.push(processQuery.interaction.stepTimings.context);
  }
  print(`  search and context of processQuery: ${percentiles(took)}`);
}

/** What one more turn costs: its acknowledgement, and its way into the index together with 63 others. */
async function writes({ server, send, corpus, users }: Measured, print: Print): Promise<void> {
  const userId = users[0] ?? '';
  const conversationId = `write-${randomUUID()}`;
  const acknowledged: number[] = [];
  for (let number = 0; number < 128; number++) {
    const { query, response } = corpus.turn(number, userId);
    const started = performance.now();
    await send({
      query: RECORD,
      variables: { input: { conversationId, userId, turns: [{ query, response }] } },
    });
    acknowledged.push(performance.now() - started);
  }
  await untilIndexed(server);
  print(`  recordTurns of one turn: ${percentiles(acknowledged)}`);
}

function percentiles(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} p95 ${at(0.95)} p99 ${at(0.99)} ms`;
}

function perSecond(count: number, ms: number): string {
  return `${Math.round((count / ms) * 1_000)} turns/s (${(ms / count).toFixed(2)} ms each)`;
}
