import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type DatabaseUnderTest, externalDatabase, type Looked, look } from './database.ts';
import type { Finding } from './findings.ts';
import type { TortureOptions } from './options.ts';
import { Random } from './random.ts';
import { patchesOf } from './sabotage.ts';
import { ServerUnderTest } from './server.ts';
import { copySources } from './source-copy.ts';
import { freePort } from './stand.ts';
import { checkTasks, type TaskEvidence } from './task-checks.ts';
import { EFFECTS_JOB, EFFECTS_TABLE, effectPatches, LEASE_MS } from './task-effects.ts';

const STEPS = 2;
/** Long enough that all workers are busy while tasks come as fast as they are made. */
const PAUSE_MS = 400;
const MAKERS = 4;
/** Without one more task done, the run ends. */
const STUCK_MS = 120_000;
const LOOK_MS = 100;
/** A stopped worker is let go on so long after its lease has run out. */
const BEYOND_LEASE_MS = 4_000;

/** What a run of tasks was and found. */
export interface TaskSummary {
  readonly seed: string;
  readonly passed: boolean;
  readonly tasks: number;
  readonly serverKills: number;
  readonly databaseKills: number;
  /** Times that a server was stopped for longer than its lease while the other went on. */
  readonly stops: number;
  readonly attempts: number;
  /** Ends of attempts that had lost their task by then, as the servers log them. */
  readonly lateEndsRefused: number;
  readonly seconds: number;
  readonly findings: readonly Finding[];
  readonly kept?: string;
}

interface Run {
  readonly options: TortureOptions;
  readonly directory: string;
  readonly database: DatabaseUnderTest;
  readonly servers: readonly ServerUnderTest[];
  readonly ports: readonly number[];
  readonly findings: Finding[];
  readonly made: string[];
  readonly random: Random;
  readonly print: (line: string) => void;
}

type Blow = 'server' | 'database' | 'stop';

/**
 * Tortures background tasks: two servers on one database, which are killed and stopped in turn, as is the database, while
 * they make and run tasks that leave effects. At the end each task must have come to its end once.
 *
 * @throws if the run could not be made at all
 */
export async function runTaskTorture(
  options: TortureOptions,
  tasks: number,
  print: (line: string) => void,
  interrupted: AbortSignal,
): Promise<TaskSummary> {
  print(`seed ${options.seed}`);
  const startedAt = Date.now();
  const directory = await mkdtemp(join(tmpdir(), 'echo-torture-tasks-'));
  const findings: Finding[] = [];
  const releases: (() => unknown)[] = [];
  let keep = true;
  try {
    const run = await prepare({ options, directory, findings, print, releases });
    const blows = blowsOf(options);
    const making = makeTasks(run, tasks, interrupted);
    await strikeAll(run, tasks, blows, interrupted);
    await making;
    await untilDone(run, () => run.made.length, interrupted);
    // What a worker that was stopped would still write, it writes now.
    await delay(2_000);
    const evidence = await taskEvidence(run.database);
    findings.push(...checkTasks(evidence, run.made));
    keep = options.keep || findings.length > 0;
    return {
      ...{ seed: options.seed, passed: findings.length === 0, tasks: run.made.length },
      serverKills: blows.filter((blow) => blow === 'server').length,
      databaseKills: blows.filter((blow) => blow === 'database').length,
      stops: blows.filter((blow) => blow === 'stop').length,
      attempts: evidence.reduce((sum, { attempts }) => sum + attempts.length, 0),
      lateEndsRefused: await lateEnds(directory),
      seconds: Math.round((Date.now() - startedAt) / 1_000),
      findings: findings.slice(0, 20),
      ...(keep && { kept: directory }),
    };
  } finally {
    for (const release of releases.reverse()) await release();
    if (!keep) await rm(directory, { recursive: true, force: true });
  }
}

async function prepare({
  releases,
  ...given
}: Pick<Run, 'options' | 'directory' | 'findings' | 'print'> & {
  releases: (() => unknown)[];
}): Promise<Run> {
  const { options, directory, findings } = given;
  const patches = [...effectPatches(), ...patchesOf(options.sabotage)];
  const program = await copySources(join(directory, 'source'), patches);
  const database = await externalDatabase(join(directory, 'postgres'), join(directory, 'postgres.log'));
  releases.push(() => database.close());
  const random = new Random(options.seed);
  const ports: number[] = [];
  const servers: ServerUnderTest[] = [];
  for (const name of ['one', 'two']) {
    const port = await freePort(random.fork(`port ${name}`));
    const server = new ServerUnderTest({
      ...{ program, port, dataDirectory: join(directory, name), logFile: join(directory, `${name}.log`) },
      environment: {
        ...database.environment,
        ...{ NODE_COMPILE_CACHE: join(directory, 'code-cache'), CANARY_INTERVAL_MS: '0', TASK_WORKERS: '4' },
      },
      report: (finding) => findings.push(finding),
    });
    // The database goes away while they start, too.
    server.databaseAway = true;
    releases.push(() => server.kill());
    if (!(await server.untilReady()))
      throw new Error(`the server did not start; see ${directory}/${name}.log`);
    ports.push(port);
    servers.push(server);
  }
  const client = new pg.Client({ ...database.connection, ssl: false });
  await client.connect();
  await client.query(EFFECTS_TABLE);
  await client.end();
  return { ...given, database, servers, ports, random, made: [] };
}

/** In an order that the seed decides; one stop for ten kills. */
function blowsOf({ seed, kills }: TortureOptions): Blow[] {
  const many = (blow: Blow, count: number) => Array.from({ length: count }, () => blow);
  const blows = [
    ...many('server', kills),
    ...many('database', Math.max(1, Math.round(kills / 6))),
    ...many('stop', Math.max(2, Math.round(kills / 10))),
  ];
  const random = new Random(`${seed}/blows`);
  return blows
    .map((blow) => ({ blow, place: random.integer(0, 1_000_000) }))
    .sort((a, b) => a.place - b.place)
    .map(({ blow }) => blow);
}

/** Makes tasks through the front doors of both servers, each with a key, until each was acknowledged. */
async function makeTasks(run: Run, tasks: number, interrupted: AbortSignal): Promise<void> {
  let next = 0;
  const make = async () => {
    for (let number = ++next; number <= tasks; number = ++next)
      for (let attempt = number; !interrupted.aborted; attempt++) {
        const taskId = await makeTask(run.ports[attempt % run.ports.length] ?? 0, number);
        if (taskId === null) {
          await delay(50);
          continue;
        }
        run.made.push(taskId);
        break;
      }
  };
  await Promise.all(Array.from({ length: MAKERS }, make));
}

async function makeTask(port: number, number: number): Promise<string | null> {
  const input = {
    ...{ type: EFFECTS_JOB, payload: { steps: STEPS, pauseMs: PAUSE_MS }, maxRetries: 20 },
    idempotencyKey: `task ${number}`,
  };
  const query = `mutation ($input: CreateTaskInput!) { createTask(input: $input) {
    ... on CreateTaskSuccess { task { taskId } } ... on Error { message } } }`;
  try {
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables: { input } }),
      signal: AbortSignal.timeout(10_000),
    });
    const { data } = (await response.json()) as { data?: { createTask?: { task?: { taskId?: string } } } };
    return data?.createTask?.task?.taskId ?? null;
  } catch {
    return null;
  }
}

/** Each blow falls when so much more of the tasks is done. */
async function strikeAll(run: Run, tasks: number, blows: readonly Blow[], interrupted: AbortSignal) {
  for (const [index, blow] of blows.entries()) {
    await untilDone(run, () => Math.floor((tasks * index) / (blows.length + 1)), interrupted);
    if (interrupted.aborted || run.findings.length > 0) return;
    const decisions = run.random.fork(`blow ${index}`);
    await delay(decisions.integer(0, 200));
    const [server, other] = decisions.chance(0.5) ? run.servers : run.servers.toReversed();
    if (server && other) await strike(run, blow, server, other);
  }
}

async function strike(run: Run, blow: Blow, server: ServerUnderTest, other: ServerUnderTest): Promise<void> {
  if (blow === 'database') return run.database.kill();
  if (blow === 'server') {
    await server.kill();
    await server.untilReady();
    return;
  }
  await other.untilReady();
  server.freeze();
  run.print(`a server is stopped for ${LEASE_MS + BEYOND_LEASE_MS} ms`);
  await delay(LEASE_MS + BEYOND_LEASE_MS);
  server.goOn();
}

async function untilDone(run: Run, wanted: () => number, interrupted: AbortSignal): Promise<void> {
  let known = 0;
  let since = performance.now();
  while (!interrupted.aborted) {
    const done = await doneCount(run.database);
    if (done !== null && done >= wanted()) return;
    if (done !== null && done > known) [known, since] = [done, performance.now()];
    if (performance.now() - since > STUCK_MS) return;
    await delay(LOOK_MS);
  }
}

/** Null: the database does not say. */
async function doneCount({ connection }: DatabaseUnderTest): Promise<number | null> {
  const text =
    "select count(*)::int as count from autonomous_tasks where status in ('COMPLETED', 'FAILED', 'CANCELLED')";
  return look<{ count: number }>(connection, text).then(
    ([row]) => row?.count ?? null,
    () => null,
  );
}

/** All tasks with effects, as the database has them. */
export async function taskEvidence({ connection }: Looked): Promise<TaskEvidence[]> {
  const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`;
  return look<{ evidence: TaskEvidence } & pg.QueryResultRow>(
    connection,
    `select json_build_object('taskId', t.task_id, 'status', t.status, 'attempt', t.attempt, 'steps', ${STEPS},
       'returned', t.result->'attempt',
       'attempts', coalesce((select json_agg(json_build_object('number', a.number, 'startedAt', ${ms('a.started_at')},
           'endedAt', ${ms('a.ended_at')}, 'error', a.error) order by a.number) from task_attempts a where a.task = t.id), '[]'),
       'effects', coalesce((select json_agg(json_build_object('step', e.step, 'attempt', e.attempt,
           'at', ${ms("date_trunc('milliseconds', e.at)")})) from torture.effects e where e.task = t.task_id), '[]')) as evidence
     from autonomous_tasks t where t.task_type = '${EFFECTS_JOB}'`,
  ).then((rows) => rows.map(({ evidence }) => evidence));
}

async function lateEnds(directory: string): Promise<number> {
  const logs = await Promise.all(
    ['one', 'two'].map((name) => readFile(join(directory, `${name}.log`), 'utf8')),
  );
  return logs.join('').split('an attempt ended that had lost its task').length - 1;
}
