import { SEED_CHARACTERS } from '../../src/domains/characters/seed.ts';
import type { Answered } from './client.ts';
import { type Figure, median } from './figures.ts';
import { Client } from './load.ts';
import type { MemoryServer } from './memory.ts';
import { MODEL_MS, startWithModel } from './with-model.ts';
import type { Bench, Work } from './work.ts';

const TURNS = 11_245;
const CHARACTER_RATE = 200;
const MODEL_RATE = 50;
const BATCH = 100;
const BODIES = 40;
const SEARCHES = 20;
export const ASK = `mutation Ask($input: ProcessQueryInput!) { processQuery(input: $input) {
  ... on ProcessQuerySuccess { interaction { turnId response modelUsed stepTimings } } ... on Error { errors: message } } }`;
export const RECORD = `mutation Record($input: RecordTurnsInput!) { recordTurns(input: $input) {
  ... on RecordTurnsSuccess { durability } ... on Error { errors: message } } }`;
export const SEARCH = `query Search($query: String!) { memorySearch(query: $query, limit: 20) { hits { score tier interaction { turnId query response timestamp } } } }`;
export const CREATE = `mutation Create($input: CharacterInput!) { upsertCharacter(input: $input) { __typename ... on Error { errors: message } } }`;
const CHARACTER = 'Tell me about Kai Nakamura';
const CHATTER = 'What would you cook from lentils and spinach?';

/** Turns that are answered and turns that are recorded, while indexing and vectors go on; the journal is on as always. */
export const writing: Work = {
  letters: ['e', 'f'],
  title:
    `(e) processQuery answered by character data, ${CHARACTER_RATE}/s, and by a model of ${MODEL_MS} ms, ${MODEL_RATE}/s; ` +
    `(f) recordTurns of 1 and of ${BATCH}, and searches meanwhile`,
  run: async function* (bench, wanted) {
    const { memory, stop } = await startWithModel(bench);
    try {
      await memory.grow(TURNS);
      await mention(memory);
      if (wanted.has('e')) yield* await answers(bench, memory);
      if (wanted.has('f')) yield* await records(bench, memory);
    } finally {
      await stop();
    }
  },
};

/** Somebody to ask about, whom some of what was said is about. */
async function mention(memory: MemoryServer): Promise<void> {
  const [profile] = SEED_CHARACTERS;
  await memory.send(CREATE, { input: profile });
  for (let number = 0; number < 4; number++) {
    const turns = Array.from({ length: 50 }, () => ({
      query: `Kai Nakamura again: ${memory.corpus.text(12)}`,
      response: memory.corpus.text(40),
    }));
    await memory.send(RECORD, { input: { conversationId: `about Kai ${number}`, turns } });
  }
  await memory.untilQuiet();
}

async function answers(bench: Bench, memory: MemoryServer): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [what, query, perSecond, answerer] of [
    ['character data', CHARACTER, CHARACTER_RATE, /^character/],
    [`a model of ${MODEL_MS} ms`, CHATTER, MODEL_RATE, /double/],
  ] as const) {
    const bodies = Array.from({ length: BODIES }, (_, number) =>
      JSON.stringify({ query: ASK, variables: { input: { query, conversationId: `${what} ${number}` } } }),
    );
    const { interaction } = (await memory.send(ASK, { input: { query, conversationId: what } }))
      .processQuery as {
      interaction: { modelUsed: string };
    };
    if (!answerer.test(interaction.modelUsed))
      throw new Error(`(e) ${what}: answered by ${interaction.modelUsed}`);
    const load = { url: memory.url(), path: '/graphql', bodies, connections: 64, ms: bench.ms, perSecond };
    await bench.client.run({ ...load, ms: 2_000 });
    const rounds: (Answered & { cpuMs: number })[] = [];
    for (let round = 0; round < bench.rounds; round++)
      rounds.push(await spent(memory, () => bench.client.run(load)));
    const steps = await stepsOf(memory, query);
    const title = `processQuery answered by ${what}, ${perSecond}/s, ${TURNS.toLocaleString('en')} turns`;
    figures.push(
      series(
        'e',
        `${title}: p50`,
        'ms',
        rounds.map(({ p50 }) => p50),
      ),
      series(
        'e',
        `${title}: p99`,
        'ms',
        rounds.map(({ p99 }) => p99),
      ),
      series(
        'e',
        `${title}: CPU of the server for each`,
        'ms',
        rounds.map(({ cpuMs }) => cpuMs),
        [`Alone, of one: ${steps}.`],
      ),
    );
  }
  return figures;
}

/** Medians of what the steps of a query take when nothing else is asked. */
async function stepsOf(memory: MemoryServer, query: string): Promise<string> {
  const timings: Record<string, number>[] = [];
  for (let number = 0; number < 30; number++) {
    const { interaction } = (await memory.send(ASK, { input: { query, conversationId: 'steps' } }))
      .processQuery as {
      interaction: { stepTimings: Record<string, number> };
    };
    timings.push(interaction.stepTimings);
  }
  return Object.keys(timings[0] ?? {})
    .map((name) => {
      const sorted = timings.map((each) => each[name] ?? 0).toSorted((a, b) => a - b);
      return `${name} ${(sorted[sorted.length >> 1] ?? 0).toFixed(1)} ms`;
    })
    .join(', ');
}

async function records(bench: Bench, memory: MemoryServer): Promise<Figure[]> {
  const figures: Figure[] = [];
  const searches = {
    url: memory.url(),
    path: '/graphql',
    bodies: searchesOf(memory, 50),
    connections: 8,
    ms: bench.ms,
    perSecond: SEARCHES,
  };
  const searcher = new Client();
  try {
    await searcher.run({ ...searches, ms: 3_000 });
    const alone: number[] = [];
    for (let round = 0; round < bench.rounds; round++) alone.push((await searcher.run(searches)).p95);
    for (const [size, connections] of [
      [1, 16],
      [BATCH, 4],
    ] as const) {
      const load = {
        ...{ url: memory.url(), path: '/graphql', connections, ms: bench.ms },
        bodies: bodiesOf(memory, size),
      };
      await bench.client.run({ ...load, ms: 2_000 });
      await memory.untilQuiet();
      const rounds: Recorded[] = [];
      for (let round = 0; round < bench.rounds; round++) {
        const began = performance.now();
        let searchP95 = 0;
        const done = await spent(memory, async () => {
          const [answered, found] = await Promise.all([bench.client.run(load), searcher.run(searches)]);
          searchP95 = found.p95;
          await memory.untilQuiet();
          return answered;
        });
        rounds.push({ ...done, searchP95, wholeMs: performance.now() - began });
      }
      figures.push(...recorded(`recordTurns of ${size}, ${connections} at a time`, size, rounds, alone));
    }
  } finally {
    searcher.close();
  }
  return figures;
}

interface Recorded extends Answered {
  readonly cpuMs: number;
  readonly searchP95: number;
  /** Until everything was indexed and had its vector. */
  readonly wholeMs: number;
}

function recorded(
  title: string,
  size: number,
  rounds: readonly Recorded[],
  alone: readonly number[],
): Figure[] {
  const figure = (
    what: string,
    unit: string,
    value: (round: Recorded) => number,
    notes?: readonly string[],
  ) => series('f', `${title}${what}`, unit, rounds.map(value), notes);
  return [
    figure('', 'turns/s', ({ perSecond }) => perSecond * size),
    figure(
      ', until each is indexed and has its vector',
      'turns/s',
      ({ count, wholeMs }) => (count * size * 1_000) / wholeMs,
    ),
    figure(': p50', 'ms', ({ p50 }) => p50),
    figure(': p99', 'ms', ({ p99 }) => p99),
    figure(
      ': CPU of the server for each turn, indexing and vectors included',
      'ms',
      ({ cpuMs }) => cpuMs / size,
    ),
    figure(': p95 of memorySearch meanwhile', 'ms', ({ searchP95 }) => searchP95, [
      `${SEARCHES} a second; with nothing beside them ${median(alone).toFixed(1)} ms.`,
    ]),
  ];
}

/** Bodies of searches for words of turns that are there, from all over the memory. */
export function searchesOf({ turns, corpus }: MemoryServer, count: number): string[] {
  return Array.from({ length: count }, (_, number) => {
    const turn = turns[(number * 7_919) % turns.length];
    if (!turn) throw new Error('there is nothing to search for');
    return JSON.stringify({ query: SEARCH, variables: { query: corpus.question(turn) } });
  });
}

/** Bodies that record so many turns each, in conversations of their own. */
export function bodiesOf(memory: MemoryServer, size: number): string[] {
  return Array.from({ length: BODIES }, (_, number) => {
    const turns = Array.from({ length: size }, (_each, index) => {
      const { query, response } = memory.corpus.turn(index, 'default');
      return { query, response };
    });
    return JSON.stringify({
      query: RECORD,
      variables: { input: { conversationId: `recorded ${size} ${number}`, turns } },
    });
  });
}

/** What a load took of the server's CPU, for each request, in milliseconds. */
export async function spent(
  memory: Pick<MemoryServer, 'cpu'>,
  work: () => Promise<Answered>,
): Promise<Answered & { cpuMs: number }> {
  const before = memory.cpu();
  const answered = await work();
  return { ...answered, cpuMs: ((memory.cpu() - before) * 1_000) / answered.count };
}

export function series(
  letter: string,
  title: string,
  unit: string,
  values: readonly number[],
  notes?: readonly string[],
): Figure {
  const more = unit.endsWith('/s');
  return {
    letter,
    title,
    unit,
    more,
    series: [{ candidate: 'echo-brain', values }],
    ...(notes && { notes }),
  };
}
