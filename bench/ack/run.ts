import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOCAL_PRINCIPAL } from '../../src/access/principals.ts';
import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { applyTurns } from '../../src/domains/interactions/apply.ts';
import { newTurn, payloadHashOf, type Turn, timeOrderedUuid } from '../../src/domains/interactions/turn.ts';
import { Journal } from '../../src/journal/journal.ts';
import { createLogger } from '../../src/log.ts';

/**
 * What the journal costs an acknowledgement: the same small turn stored in four ways, in rounds that take turns,
 * so that the state of the machine is the same for all. Asserts nothing.
 */
const ROUNDS = 6;
const ROUND_MS = 600;
const CONCURRENCY = [1, 16];
const RECORD = 'mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) { __typename } }';

const directory = await mkdtemp(join(tmpdir(), 'echo-bench-'));
const env = { PORT: '0', DATA_DIR: join(directory, 'server'), LOG_LEVEL: 'silent', CANARY_INTERVAL_MS: '0' };
const config = readConfig(env, directory);
const app = await createApp(config, createLogger('silent'), { migrate: true });
const url = await app.listen();
const journal = await Journal.open(join(directory, 'journal.db'), 2 ** 40);
try {
  await run();
} finally {
  await journal.close();
  await app.close();
  await rm(directory, { recursive: true, force: true });
}

/** Stores one turn of one conversation, and waits until it is on disk. */
type Way = (conversationId: string) => Promise<unknown>;

async function run(): Promise<void> {
  const { db, store } = app.services;
  const ways: Record<string, Way> = {
    'journal alone': (conversationId) =>
      journal.write({
        add: [{ kind: 'turns', stream: conversationId, body: JSON.stringify([turn(conversationId)]) }],
      }),
    'PostgreSQL alone': (conversationId) =>
      db.transaction((client) => applyTurns(client, [turn(conversationId)])),
    'journal, then PostgreSQL': (conversationId) => store.save([turn(conversationId)]),
    'recordTurns over HTTP': overHttp,
  };
  const measured = new Map<string, number[]>();
  for (let round = 0; round <= ROUNDS; round++) {
    for (const concurrency of CONCURRENCY) {
      for (const [name, way] of Object.entries(ways)) {
        const times = await measure(way, concurrency);
        const key = `${name}|${concurrency}`;
        // The first round warms up.
        if (round > 0) measured.set(key, [...(measured.get(key) ?? []), ...times]);
      }
    }
  }
  print(measured);
}

/** Milliseconds of each call, by `concurrency` writers with a conversation each. */
async function measure(way: Way, concurrency: number): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + ROUND_MS;
  const write = async (writer: number) => {
    for (let start = performance.now(); start < end; ) {
      await way(`writer ${writer}`);
      const now = performance.now();
      times.push(now - start);
      start = now;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, (_, writer) => write(writer)));
  return times;
}

async function overHttp(conversationId: string): Promise<void> {
  const { query, response } = turn(conversationId);
  const input = { conversationId, turns: [{ query, response }] };
  const reply = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: RECORD, variables: { input } }),
  });
  const { data } = (await reply.json()) as { data?: { recordTurns: { __typename: string } } };
  if (data?.recordTurns.__typename !== 'RecordTurnsSuccess') throw new Error('a turn was not stored');
}

function turn(conversationId: string): Turn {
  const now = new Date();
  const said = { query: 'What did we say about the lighthouse?', response: 'That its keeper owns a parrot.' };
  return newTurn({
    tenantId: LOCAL_PRINCIPAL.tenantId,
    userId: LOCAL_PRINCIPAL.userId,
    turnId: timeOrderedUuid(now),
    conversationId,
    ...said,
    timestamp: now.toISOString(),
    status: 'ANSWERED',
    payloadHash: payloadHashOf(said),
    modelUsed: 'external',
  });
}

function print(measured: ReadonlyMap<string, number[]>): void {
  const rows = [...measured].map(([key, times]) => {
    const [way = '', concurrency = ''] = key.split('|');
    const sorted = times.toSorted((a, b) => a - b);
    const at = (share: number) => Number((sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(2));
    const perSecond = Math.round((sorted.length / (ROUNDS * ROUND_MS)) * 1000);
    return { way, concurrency: Number(concurrency), 'p50 ms': at(0.5), 'p99 ms': at(0.99), perSecond };
  });
  console.table(rows);
}
