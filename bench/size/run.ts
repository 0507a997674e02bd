import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { createLogger } from '../../src/log.ts';
import { installedSizes } from './installed.ts';
import { type MeasuredServer, startMeasured } from './server.ts';
import { ask, WORK } from './work.ts';

const IDLE_MS = 5_000;

type Print = (line: string) => void;

/** One start: seconds and MB. */
interface Figures {
  readonly tree: string;
  readonly database: string;
  readonly [figure: string]: string | number;
}

/** Options of the command, as they were typed. */
export interface Given {
  readonly rounds: string;
  readonly queries: string;
  readonly trees: string;
  readonly databases: string;
}

/** Measures starts, memory and disk; asserts nothing. */
export async function benchSize(values: Given, print: Print): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'echo-brain-size-'));
  const log = createLogger('warn', 2);
  const postgres = await startEmbeddedPostgres({ directory: join(directory, 'external'), log });
  const { host, port, user, database } = postgres.connection;
  const url = `postgresql://${user}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`;
  const trees = values.trees.split(',').map((tree) => resolve(tree));
  const figures: Figures[] = [];
  try {
    // The first round makes bundles, caches and databases.
    for (let round = 0; round <= Number(values.rounds); round++)
      for (const kind of values.databases.split(','))
        for (const tree of trees) {
          const name = `${kind}-${trees.indexOf(tree)}`;
          const external = kind === 'external' && { DATABASE_URL: url };
          const server = await startMeasured(tree, { DATA_DIR: join(directory, name), ...external });
          const measured = await measure(server, round === 0 ? 20 : Number(values.queries), round > 0);
          if (round > 0) figures.push({ tree, database: kind, ...measured });
        }
  } finally {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
  printMedians(figures, print);
  for (const tree of trees) for (const line of installedSizes(tree)) print(line);
  for (const row of figures) print(JSON.stringify(row));
}

async function measure(
  server: MeasuredServer,
  queries: number,
  idle: boolean,
): Promise<Record<string, number>> {
  try {
    const start = server.memory();
    if (idle) await new Promise((done) => setTimeout(done, IDLE_MS));
    const rested = server.memory();
    const spent = server.cpuNow();
    for (let number = 0; number < queries; number++) await ask(server.url, WORK, number);
    const each = ((server.cpuNow() - spent) * 1_000) / queries;
    const after = server.memory();
    return {
      ...{ 'listens s': server.listensAfter, 'CPU s': server.cpu },
      ...{ 'start RSS': start.resident, 'start anon': start.anonymous },
      ...{ 'idle RSS': rested.resident, 'idle anon': rested.anonymous },
      ...{ 'used RSS': after.resident, 'used anon': after.anonymous },
      'CPU ms a query': Number(each.toFixed(2)),
    };
  } finally {
    await server.stop();
  }
}

function printMedians(figures: readonly Figures[], print: Print): void {
  const groups = Map.groupBy(figures, ({ tree, database }) => `${database} ${tree}`);
  for (const [group, rows] of groups) {
    const names = Object.keys(rows[0] ?? {}).filter((name) => name !== 'tree' && name !== 'database');
    const shown = names.map((name) => `${name} ${median(rows.map((row) => Number(row[name])))}`);
    print(`${group}: ${shown.join(', ')}`);
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
