import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Looked, look } from '../database.ts';
import type { Member } from '../servers-stand.ts';
import { medianOf, type Rule, type Series } from './judge-flat.ts';

/** What is read every now and then; a figure that could not be read is absent. */
export interface Sample {
  /** Milliseconds since the run began. */
  readonly at: number;
  readonly servers: Readonly<Record<string, ProcessFigures>>;
  /** Null: the database did not answer. */
  readonly database: DatabaseFigures | null;
  /** Median and 95th percentile of the requests since the sample before, by what they asked for. */
  readonly latencies: Readonly<Record<string, readonly [number, number]>>;
}

export interface ProcessFigures {
  readonly pid: number;
  /** Since its process began, milliseconds. */
  readonly ageMs: number;
  readonly memoryMb: number;
  readonly files: number;
  readonly threads: number;
  /** Of its data directory. */
  readonly dataMb: number;
  readonly cpuSeconds: number;
}

export interface DatabaseFigures {
  readonly megabytes: number;
  readonly walMb: number;
  readonly turns: number;
  readonly connections: number;
  /** Due, and not begun. */
  readonly tasksWaiting: number;
  readonly tasksRunning: number;
  readonly deliveriesWaiting: number;
  /** Turns that wait to be put into the index of words, or for their vector. */
  readonly turnsWaiting: number;
  readonly tables: Readonly<Record<string, number>>;
}

const EVERY_MS = 15_000;
/** A process is done with its start by then. */
const WARM_MS = 180_000;

/** Reads every 15 seconds, until it is to end. @param latenciesOf gives those since the last call, and forgets them */
export async function sampleAll(
  servers: readonly Member[],
  databaseOf: () => Looked,
  latenciesOf: () => ReadonlyMap<string, readonly number[]>,
  samples: Sample[],
  { now, ended }: { now: () => number; ended: AbortSignal },
): Promise<void> {
  const begun = new Map<number, number>();
  while (!ended.aborted) {
    const at = now();
    const read: Record<string, ProcessFigures> = {};
    for (const member of servers) {
      const figures = processFigures(member, begun, at);
      if (figures) read[member.name] = figures;
    }
    const latencies = Object.fromEntries(
      [...latenciesOf()].map(([what, ms]) => [what, [medianOf(ms), at95(ms)] as const]),
    );
    const database = await databaseFigures(databaseOf()).catch(() => null);
    samples.push({ at, servers: read, database, latencies });
    await delay(Math.max(0, EVERY_MS - (now() - at)), null, { signal: ended }).catch(() => null);
  }
}

/** What a process has and uses (Linux); null: it is not there. */
function processFigures(
  { server, dataDirectory }: Member,
  begun: Map<number, number>,
  at: number,
): ProcessFigures | null {
  const { pid } = server;
  if (pid === null) return null;
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
    const ticks = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    if (!begun.has(pid)) begun.set(pid, at);
    return {
      pid,
      ageMs: at - (begun.get(pid) ?? at),
      memoryMb: of('VmRSS') / 1_024,
      files: readdirSync(`/proc/${pid}/fd`).length,
      threads: of('Threads'),
      dataMb: sizeOf(dataDirectory) / 1_048_576,
      cpuSeconds: (Number(ticks[11]) + Number(ticks[12])) / 100,
    };
  } catch {
    return null;
  }
}

function sizeOf(directory: string): number {
  return readdirSync(directory, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return sum + sizeOf(path);
    return sum + (entry.isFile() ? statSync(path).size : 0);
  }, 0);
}

const FIGURES = `select
  pg_database_size(current_database())::float8 / 1048576 as megabytes,
  (select sum(size)::float8 / 1048576 from pg_ls_waldir()) as "walMb",
  (select count(*)::int from echo_unified_interactions where tenant_id <> '__canary') as turns,
  (select count(*)::int from pg_stat_activity where datname = current_database()) as connections,
  (select count(*)::int from autonomous_tasks where status = 'PENDING' and due_at <= now()) as "tasksWaiting",
  (select count(*)::int from autonomous_tasks where status = 'RUNNING') as "tasksRunning",
  (select count(*)::int from echo_deliveries where status = 'PENDING') as "deliveriesWaiting",
  (select count(*)::int from echo_unified_interactions where vector_state <> 'EMBEDDED' and tenant_id <> '__canary') as "turnsWaiting",
  (select json_object_agg(relname, pg_total_relation_size(oid) / 1024) from pg_class
    where relkind = 'r' and relnamespace = 'public'::regnamespace and pg_total_relation_size(oid) > 262144) as tables`;

async function databaseFigures({ connection }: Looked): Promise<DatabaseFigures | null> {
  const [row] = await look<DatabaseFigures & Record<string, unknown>>(connection, FIGURES);
  return row ?? null;
}

/** What must not grow, and by which rule. */
export function seriesOf(samples: readonly Sample[], servers: readonly string[]): Series[] {
  const flat = (share: number, floor: number): Rule => ({ kind: 'flat', share, floor });
  const ofServer = (name: string, what: keyof ProcessFigures, unit: string, rule: Rule): Series => ({
    ...{ name: `${what} of ${name}`, unit, rule },
    points: samples.flatMap(({ at, servers: read }) => {
      const figures = read[name];
      return figures && figures.ageMs >= WARM_MS ? [[at, figures[what]] as const] : [];
    }),
  });
  const ofDatabase = (
    name: string,
    unit: string,
    rule: Rule,
    value: (figures: DatabaseFigures, first: DatabaseFigures) => number,
  ): Series => {
    const [first] = samples.flatMap(({ database }) => database ?? []);
    return {
      ...{ name, unit, rule },
      points: samples.flatMap(({ at, database }) =>
        database && first && Number.isFinite(value(database, first))
          ? [[at, value(database, first)] as const]
          : [],
      ),
    };
  };
  return [
    ...servers.flatMap((name) => [
      ofServer(name, 'memoryMb', 'MB', flat(0.05, 16)),
      ofServer(name, 'files', 'files', flat(0, 10)),
      ofServer(name, 'threads', 'threads', flat(0, 4)),
      ofServer(name, 'dataMb', 'MB', flat(0.1, 8)),
    ]),
    ofDatabase('database per turn', 'KiB', flat(0.15, 1), (now, first) =>
      now.turns > first.turns
        ? ((now.megabytes - first.megabytes) * 1_024) / (now.turns - first.turns)
        : Number.NaN,
    ),
    // wal_keep_size and max_wal_size of the stand, and the segments on their way.
    ofDatabase('WAL', 'MB', { kind: 'bounded', limit: 1_536 }, ({ walMb }) => walMb),
    ofDatabase('connections', 'connections', flat(0, 6), ({ connections }) => connections),
    ofDatabase('tasks that are due and wait', 'tasks', flat(0, 5), ({ tasksWaiting }) => tasksWaiting),
    ofDatabase(
      'deliveries that wait',
      'deliveries',
      flat(0, 20),
      ({ deliveriesWaiting }) => deliveriesWaiting,
    ),
    ofDatabase('turns that wait for their vector', 'turns', flat(0, 50), ({ turnsWaiting }) => turnsWaiting),
  ];
}

function at95(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] ?? 0;
}
