import type { Database } from '../../src/db/client.ts';
import { startEchoBrain, startPeer } from './candidates.ts';
import type { Answered } from './client.ts';
import { type Figure, median } from './figures.ts';
import type { RunningServer } from './processes.ts';
import { askedOf, type CandidateName, checkEqual, READS, type ReadWork } from './reads.ts';
import { openMadeUpVectors } from './vectors.ts';
import type { Bench, Work } from './work.ts';

const CONNECTIONS = 16;
const WARM_MS = 2_000;
const VECTORS_AT_ONCE = 2_000;
/** Of what a candidate can do at most: where waiting has not begun yet, if nothing stands still. */
const LOAD = 0.7;

/** Reads beside PostGraphile, Mercurius and what is written by hand: as many as are answered, then 70 % of it. */
export const reading: Work = {
  letters: READS.map(({ letter }) => letter),
  title: READS.map(({ letter, title }) => `(${letter}) ${title}`).join('; '),
  run: async function* (bench, wanted) {
    const servers = await startAll(bench);
    try {
      const urls = new Map([...servers].map(([name, { url }]) => [name, url] as const));
      for (const work of READS) {
        if (!wanted.has(work.letter)) continue;
        await checkEqual(work, urls);
        yield* await measure(bench, work, urls);
      }
    } finally {
      await Promise.all([...servers.values()].map((server) => server.stop()));
    }
  },
};

async function startAll(bench: Bench): Promise<Map<CandidateName, RunningServer>> {
  const { url, db } = await bench.database();
  const servers = new Map<CandidateName, RunningServer>();
  try {
    for (const [name, root] of [['echo-brain', undefined] as const, ['before', bench.before] as const]) {
      if (root === null) continue;
      const directory = await bench.folder(name);
      await fillVectors(db, directory);
      servers.set(
        name,
        await startEchoBrain(bench, { databaseUrl: url, directory, ...(root !== undefined && { root }) }),
      );
    }
    for (const name of ['hand-written', 'postgraphile', 'mercurius'] as const)
      servers.set(name, await startPeer(bench, name, url));
    return servers;
  } catch (error) {
    await Promise.all([...servers.values()].map((server) => server.stop()));
    throw error;
  }
}

/** A server whose own file lacks vectors of turns that are embedded makes them, beside what is measured, for minutes. */
async function fillVectors(db: Database, directory: string): Promise<void> {
  const vectors = await openMadeUpVectors({ model: null }, directory, db);
  try {
    for (let last = 0, done = -1; done !== last; ) {
      done = last;
      last = await vectors.add(done, VECTORS_AT_ONCE);
    }
  } finally {
    await vectors.close();
  }
}

async function measure(
  bench: Bench,
  work: ReadWork,
  urls: ReadonlyMap<CandidateName, string>,
): Promise<Figure[]> {
  const loads = [...urls].flatMap(([candidate, url]) => {
    const asked = askedOf(work, candidate);
    if (!asked) return [];
    const bodies = work.names.map((name) => JSON.stringify(asked.body(name)));
    return [{ candidate, load: { url, path: asked.path, bodies, connections: CONNECTIONS, ms: bench.ms } }];
  });
  for (const { load } of loads) await bench.client.run({ ...load, ms: WARM_MS });
  const most = new Map<string, Answered[]>();
  const calm = new Map<string, Answered[]>();
  for (let round = 0; round < bench.rounds; round++)
    for (const { candidate, load } of loads) note(most, candidate, await bench.client.run(load));
  for (let round = 0; round < bench.rounds; round++)
    for (const { candidate, load } of loads) {
      const perSecond = LOAD * median((most.get(candidate) ?? []).map((each) => each.perSecond));
      note(calm, candidate, await bench.client.run({ ...load, perSecond }));
    }
  const figure = (
    title: string,
    unit: string,
    of: Map<string, Answered[]>,
    value: (a: Answered) => number,
  ) => ({
    letter: work.letter,
    title: `${work.title}${title}`,
    unit,
    more: unit === 'req/s',
    series: [...of].map(([candidate, answered]) => ({ candidate, values: answered.map(value) })),
  });
  return [
    figure('', 'req/s', most, ({ perSecond }) => perSecond),
    figure(': p50 at 70 % load', 'ms', calm, ({ p50 }) => p50),
    figure(': p99 at 70 % load', 'ms', calm, ({ p99 }) => p99),
  ];
}

function note<T>(series: Map<string, T[]>, candidate: string, value: T): void {
  series.set(candidate, [...(series.get(candidate) ?? []), value]);
}
