import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createLogger } from '../../src/log.ts';

/**
 * What memory costs a program that speaks the OpenAI protocol: the same question asked of a model that answers at once, alone
 * and through `/v1`, in rounds that take turns. Each question is a conversation of its own, over a memory of so many turns.
 * Asserts nothing.
 */
const TURNS = 1_000;
const ROUNDS = 5;
const QUESTIONS = 60;
const CONCURRENCY = [1, 4];
const RECORD = `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) { __typename } }`;
const THINGS = ['lighthouse', 'bicycle', 'kettle', 'harbour', 'orchard', 'violin', 'ladder', 'telescope'];

const model = createServer((request, response) => {
  void textOf(request).then((body) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const chunk = (delta: object, finish: string | null) =>
      `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
    const answer = 'Its keeper owns a parrot.';
    response.end(
      `${chunk({ role: 'assistant', content: answer }, null)}${chunk({}, 'stop')}data: [DONE]\n\n`,
    );
    return body;
  });
}).listen(0, '127.0.0.1');
await once(model, 'listening');
const modelUrl = `http://127.0.0.1:${(model.address() as AddressInfo).port}/v1`;

const directory = await mkdtemp(join(tmpdir(), 'echo-bench-'));
const env = {
  ...{ PORT: '0', DATA_DIR: directory, LOG_LEVEL: 'silent', CANARY_INTERVAL_MS: '0', SEED: 'off' },
  ...{ LLM_BASE_URL: modelUrl, LLM_MODELS: 'quick=small', RATE_LIMIT_HEAVY: '1000000' },
};
const app = await createApp(readConfig(env, directory), createLogger('silent'), { migrate: true });
const url = await app.listen();
try {
  await remember();
  await run();
} finally {
  await app.close();
  model.closeAllConnections();
  model.close();
  await rm(directory, { recursive: true, force: true });
}

async function remember(): Promise<void> {
  for (let from = 0; from < TURNS; from += 100) {
    const turns = Array.from({ length: 100 }, (_, n) => ({
      query: `What about the ${THINGS[n % THINGS.length]} of house ${from + n}?`,
      response: `The ${THINGS[n % THINGS.length]} there is ${n} years old.`,
    }));
    const input = { conversationId: `memory ${from}`, turns };
    await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: RECORD, variables: { input } }),
    });
  }
}

async function run(): Promise<void> {
  const ways = {
    'model alone': modelUrl,
    '/v1, memory on': `${url}/v1`,
    '/v1, memory off': `${url}/v1`,
  };
  const measured = new Map<string, number[]>();
  for (let round = 0; round <= ROUNDS; round++)
    for (const concurrency of CONCURRENCY)
      for (const [name, base] of Object.entries(ways)) {
        const times = await measure(base, concurrency, `${round}`, name.endsWith('off') ? 'off' : 'on');
        const key = `${name}|${concurrency}`;
        // The first round warms up.
        if (round > 0) measured.set(key, [...(measured.get(key) ?? []), ...times]);
      }
  print(measured);
}

/** Milliseconds until the last byte of each answer. */
async function measure(base: string, concurrency: number, round: string, memory: string): Promise<number[]> {
  const times: number[] = [];
  let asked = 0;
  const ask = async () => {
    while (asked < QUESTIONS) {
      const number = asked++;
      const content = `How old is the ${THINGS[number % THINGS.length]} of house ${number}?`;
      const start = performance.now();
      const response = await fetch(`${base}/chat/completions`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-echo-conversation': `${round} ${concurrency} ${number}`,
          'x-echo-memory': memory,
        },
        body: JSON.stringify({ model: 'small', messages: [{ role: 'user', content }], stream: true }),
      });
      if (!(await response.text()).includes('[DONE]')) throw new Error('an answer has no end');
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, ask));
  return times;
}

function print(measured: ReadonlyMap<string, number[]>): void {
  const rows = [...measured].map(([key, times]) => {
    const [way = '', concurrency = ''] = key.split('|');
    const sorted = times.toSorted((a, b) => a - b);
    const at = (share: number) => Number((sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(2));
    return { way, concurrency: Number(concurrency), 'p50 ms': at(0.5), 'p95 ms': at(0.95) };
  });
  console.table(rows);
}
