import { setTimeout as wait } from 'node:timers/promises';
import type { TestApp } from '../../tests/support/harness.ts';
import { storeInsight } from '../../tests/support/media.ts';
import type { Figure } from './figures.ts';
import { type MemoryServer, startMemoryServer } from './memory.ts';
import type { Bench, Work } from './work.ts';
import { series, spent } from './writing.ts';

const FACTS = 500;
const PICTURES = 2_000;
const TASKS = 300;
const AT_ONCE = 8;
const TASKS_MS = 120_000;
const THINGS = ['lighthouse', 'bicycle', 'kettle', 'harbour', 'orchard', 'violin', 'ladder', 'telescope'];
const ADD = `mutation Add($input: FactInput!) { addFact(input: $input) { __typename ... on Error { errors: message } } }`;
const FACTS_FOUND = `query Facts($query: String!) { memorySearch(query: $query, limit: 10) { facts { score fact { statement } } } }`;
const PICTURES_FOUND = `query Pictures($text: String!) { mediaInsights(first: 20, filter: { text: $text }) { nodes { fileHash } } }`;
const CREATE = `mutation { createTask(input: { type: "heartbeat" }) { __typename ... on Error { errors: message } } }`;

/** What is known, what was seen, and what is done in the background. */
export const others: Work = {
  letters: ['j'],
  title: `(j) facts among ${FACTS}, pictures among ${PICTURES.toLocaleString('en')}, tasks until they are done`,
  run: async function* (bench) {
    const memory = await startMemoryServer(bench);
    try {
      await learn(memory);
      yield await asked(bench, memory, `facts that answer a question, of ${FACTS}`, FACTS_FOUND, (thing) => ({
        query: `Where is my ${thing}?`,
      }));
      await see(memory);
      yield await asked(
        bench,
        memory,
        `pictures by words, of ${PICTURES.toLocaleString('en')}`,
        PICTURES_FOUND,
        (thing) => ({
          text: thing,
        }),
      );
      yield await tasks(bench, memory);
    } finally {
      await memory.stop();
    }
  },
};

const thingOf = (number: number) => THINGS[number % THINGS.length] as string;

async function learn(memory: MemoryServer): Promise<void> {
  for (let number = 0; number < FACTS; number++)
    await memory.send(ADD, {
      input: { predicate: `keeps_${thingOf(number)}`, object: `in room ${number} of the house` },
    });
}

async function see({ db }: MemoryServer): Promise<void> {
  const app = {
    app: { services: { db } },
    sql: async (text: string, values: unknown[]) => (await db.pool.query(text, values)).rows,
  } as unknown as TestApp;
  for (let number = 0; number < PICTURES; number++)
    await storeInsight(app, 'default', `${number}.jpg`, { tags: [`${thingOf(number)} of house ${number}`] });
}

async function asked(
  bench: Bench,
  memory: MemoryServer,
  title: string,
  query: string,
  variables: (thing: string) => object,
): Promise<Figure> {
  const bodies = THINGS.map((thing) => JSON.stringify({ query, variables: variables(thing) }));
  const [data] = Object.values(await memory.send(query, variables(thingOf(0)))) as [
    { facts?: object[]; nodes?: object[] },
  ];
  if ((data.facts ?? data.nodes ?? []).length === 0) throw new Error(`(j) ${title}: nothing was found`);
  const load = { url: memory.url(), path: '/graphql', bodies, connections: 1, ms: bench.ms };
  await bench.client.run({ ...load, ms: 2_000 });
  const rounds: number[] = [];
  let cpuMs = 0;
  for (let round = 0; round < bench.rounds; round++) {
    const answered = await spent(memory, () => bench.client.run(load));
    rounds.push(answered.p50);
    cpuMs += answered.cpuMs / bench.rounds;
  }
  return series('j', `${title}: p50`, 'ms', rounds, [`CPU of the server for each: ${cpuMs.toFixed(1)} ms.`]);
}

async function tasks(bench: Bench, memory: MemoryServer): Promise<Figure> {
  const open = `select count(*) from autonomous_tasks where task_type = 'heartbeat' and status not in ('COMPLETED', 'FAILED', 'CANCELLED')`;
  const rounds: number[] = [];
  for (let round = -1; round < bench.rounds; round++) {
    const began = performance.now();
    let made = 0;
    const make = async () => {
      while (made++ < TASKS) await memory.send(CREATE, {});
    };
    await Promise.all(Array.from({ length: AT_ONCE }, make));
    while ((await memory.count(open)) > 0) {
      if (performance.now() - began > TASKS_MS) throw new Error('(j) tasks are not done');
      await wait(20);
    }
    if (round >= 0) rounds.push((TASKS * 1_000) / (performance.now() - began));
  }
  return series(
    'j',
    `${TASKS} tasks that do nothing, ${AT_ONCE} made at a time, until all are done`,
    'tasks/s',
    rounds,
  );
}
