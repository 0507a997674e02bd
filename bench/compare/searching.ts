import { setTimeout as wait } from 'node:timers/promises';
import type { Answered } from './client.ts';
import type { Figure } from './figures.ts';
import { type MemoryServer, startMemoryServer } from './memory.ts';
import type { Bench, Work } from './work.ts';
import { bodiesOf, SEARCH, searchesOf, spent } from './writing.ts';

/** A pause in which everything that sleeps when nobody asks has gone to sleep. */
const IDLE_MS = 12_000;
const AFTER_IDLE = 20;
/** Of each round, all of them new: vectors of questions are remembered. */
const QUESTIONS = 1_000;
const BATCH = 100;

const DEGRADED = `query Degraded($query: String!) { memorySearch(query: $query, limit: 20) { degraded hits { score } } }`;

/** What is measured at one size of the memory, in the order of the rounds. */
interface AtSize {
  readonly turns: number;
  readonly searches: readonly (Answered & { readonly cpuMs: number })[];
  /** Of searches for which vectors came too late, so that words found alone. */
  readonly degraded: number;
  readonly afterIdle: number;
  readonly records: readonly (Answered & { readonly cpuMs: number })[];
  /** Milliseconds of the server's CPU for indexing and embedding one of the turns that were added. */
  readonly growthMs: number;
}

/** Searches in one user's memory as it grows, and what another turn costs then. */
export const searching: Work = {
  letters: ['d', 'growth'],
  title:
    '(d) memorySearch in a memory of --turns; (growth) one more turn and one search at each of these sizes',
  run: async function* (bench, wanted) {
    const memory = await startMemoryServer(bench, bench);
    const sizes: AtSize[] = [];
    try {
      for (const turns of bench.turns) {
        const [before, grown] = [memory.cpu(), turns - memory.turns.length];
        await memory.grow(turns);
        const growthMs = ((memory.cpu() - before) * 1_000) / grown;
        sizes.push({ turns, growthMs, ...(await measure(bench, memory, wanted)) });
        bench.print(`${turns.toLocaleString('en')} turns: measured`);
      }
    } finally {
      await memory.stop();
    }
    if (wanted.has('d')) yield* searchFigures(sizes);
    if (wanted.has('growth')) yield* growthFigures(sizes);
  },
};

async function measure(
  bench: Bench,
  memory: MemoryServer,
  wanted: ReadonlySet<string>,
): Promise<Omit<AtSize, 'turns' | 'growthMs'>> {
  const load = {
    ...{ url: memory.url(), path: '/graphql', connections: 1, ms: bench.ms },
  };
  const asking = () => ({ ...load, bodies: searchesOf(memory, QUESTIONS) });
  await bench.client.run({ ...asking(), ms: 4_000 });
  const searches: AtSize['searches'][number][] = [];
  for (let round = 0; round < bench.rounds; round++)
    searches.push(await spent(memory, () => bench.client.run(asking())));
  const degraded = await degradedShare(memory);
  const afterIdle = wanted.has('d') ? await firstAfterIdle(memory) : Number.NaN;
  const records: AtSize['records'][number][] = [];
  if (wanted.has('growth')) {
    const recording = { ...load, bodies: bodiesOf(memory, BATCH) };
    for (let round = 0; round < bench.rounds; round++)
      records.push(
        await spent(memory, async () => {
          const answered = await bench.client.run(recording);
          await memory.untilQuiet();
          return answered;
        }),
      );
  }
  return { searches, degraded, afterIdle, records };
}

async function degradedShare(memory: MemoryServer): Promise<number> {
  let degraded = 0;
  for (const body of searchesOf(memory, AFTER_IDLE)) {
    const { variables } = JSON.parse(body) as { variables: object };
    const { memorySearch } = await memory.send(DEGRADED, variables);
    if ((memorySearch as { degraded: boolean }).degraded) degraded++;
  }
  return degraded / AFTER_IDLE;
}

/** The slowest of the first searches after nobody has asked for a while. */
async function firstAfterIdle(memory: MemoryServer): Promise<number> {
  await wait(IDLE_MS);
  let slowest = 0;
  for (const body of searchesOf(memory, AFTER_IDLE)) {
    const { variables } = JSON.parse(body) as { variables: object };
    const began = performance.now();
    await memory.send(SEARCH, variables);
    slowest = Math.max(slowest, performance.now() - began);
  }
  return slowest;
}

/** One figure with a series for each size, so that ratios say what growth costs. */
function bySize(
  letter: string,
  title: string,
  unit: string,
  sizes: readonly AtSize[],
  values: (size: AtSize) => readonly number[],
): Figure {
  const series = sizes.map((size) => ({
    candidate: `${size.turns.toLocaleString('en')} turns`,
    values: values(size),
  }));
  return { letter, title, unit, more: false, series };
}

function searchFigures(sizes: readonly AtSize[]): Figure[] {
  return [
    bySize('d', 'memorySearch, one after the other: p50', 'ms', sizes, ({ searches }) =>
      searches.map(({ p50 }) => p50),
    ),
    bySize('d', 'memorySearch, one after the other: p95', 'ms', sizes, ({ searches }) =>
      searches.map(({ p95 }) => p95),
    ),
    bySize('d', 'memorySearch: without vectors, which came too late', '%', sizes, ({ degraded }) => [
      100 * degraded,
    ]),
    bySize(
      'd',
      `memorySearch: the slowest of ${AFTER_IDLE} after ${IDLE_MS / 1_000} s of rest`,
      'ms',
      sizes,
      ({ afterIdle }) => [afterIdle],
    ),
    bySize('d', 'memorySearch: CPU of the server for each', 'ms', sizes, ({ searches }) =>
      searches.map(({ cpuMs }) => cpuMs),
    ),
  ];
}

function growthFigures(sizes: readonly AtSize[]): Figure[] {
  return [
    bySize('growth', 'one search: CPU of the server', 'ms', sizes, ({ searches }) =>
      searches.map(({ cpuMs }) => cpuMs),
    ),
    bySize('growth', 'one search: p50', 'ms', sizes, ({ searches }) => searches.map(({ p50 }) => p50)),
    bySize(
      'growth',
      `one turn of recordTurns of ${BATCH}, indexed and with its vector: CPU of the server`,
      'ms',
      sizes,
      ({ records }) => records.map(({ cpuMs }) => cpuMs / BATCH),
    ),
    bySize('growth', `recordTurns of ${BATCH}: p50`, 'ms', sizes, ({ records }) =>
      records.map(({ p50 }) => p50),
    ),
    bySize(
      'growth',
      'one turn that is there already, until it is indexed and has its vector: CPU of the server',
      'ms',
      sizes,
      ({ growthMs }) => [growthMs],
    ),
  ];
}
