import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import type { Database } from '../src/db/client.ts';
import { beatTasks, claimOf, claimTask, settleTask } from '../src/domains/tasks/claims.ts';
import { TaskLost } from '../src/domains/tasks/errors.ts';
import { writeProgress } from '../src/domains/tasks/progress.ts';
import { doOnce } from '../src/domains/tasks/steps.ts';
import { nameOfDirectory } from '../src/domains/tasks/worker-directory.ts';
import { defineJob, type RunningTask } from '../src/jobs/job.ts';
import { startDatabaseProxy } from './support/database-proxy.ts';
import { EFFECTS, effects } from './support/effect-jobs.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { overWebSocket } from './support/streams.ts';
import { gate, runTask, task, untilTask } from './support/tasks.ts';

const apps: TestApp[] = [];
const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0)) await end();
  for (const app of apps.splice(0).reverse()) await app.close();
});

type Options = NonNullable<Parameters<typeof startTestApp>[0]>;
async function start(options: Options = {}): Promise<TestApp> {
  const app = await startTestApp({ ...options, env: { CANARY_INTERVAL_MS: '0', ...options.env } });
  apps.push(app);
  return app;
}

/** A job that waits for a gate, and what its runs did. */
function waitingJob(deaf = false) {
  const opened = gate();
  ending.push(() => opened.open());
  const ends: unknown[] = [];
  const job = defineJob({
    name: 'waits',
    description: 'Waits.',
    payload: z.strictObject({}),
    retry: { limit: 3, delaySeconds: 0.01, maxDelaySeconds: 0.01 },
    run: async (_services: unknown, _payload, { signal, attempt }) => {
      await opened.passed(deaf ? null : signal).catch((error: Error) => {
        ends.push(error.message);
        throw error;
      });
      return { attempt };
    },
  });
  return { job, ends, open: opened.open };
}

/** As another worker would, that has found the lease run out. */
const takeOver = (app: TestApp, taskId: string) =>
  app.sql(
    `update autonomous_tasks set attempt = attempt + 1, worker = 'another:1', lease_until = now() + interval '1 hour'
     where task_id = $1`,
    [taskId],
  );

test('an attempt that has lost its task writes neither effect nor end nor progress', async () => {
  const opened = gate();
  const inEffect = gate();
  const results: string[] = [];
  const late = defineJob({
    name: 'late',
    description: 'Is late.',
    payload: z.strictObject({}),
    run: async (_services: unknown, _payload, { once, progress, taskId }) => {
      await once('late', async (client) => {
        inEffect.open();
        await opened.passed(null);
        await client.query('insert into effects values ($1, $2, 1)', [taskId, 'late']);
      }).catch((error: Error) => results.push(error.name));
      progress(1, 1, 'done all the same');
      return 'done all the same';
    },
  });
  const app = await start({ jobs: [late] });
  await app.sql(EFFECTS);
  const { taskId } = await runTask(app, { type: 'late' });
  await inEffect.passed(null);
  await takeOver(app, taskId);
  opened.open();
  await expect.poll(() => results).toEqual(['TaskLost']);
  await expect.poll(() => app.app.services.tasks.state.running).toBe(0);
  expect(await app.sql('select * from effects')).toEqual([]);
  expect(await app.sql('select * from task_steps')).toEqual([]);
  expect(await task(app, taskId)).toMatchObject({ status: 'RUNNING', result: null, progress: null });
});

test('whatever comes late of an attempt that has lost its task is refused, by each statement', async () => {
  const app = await start({ env: { TASK_WORKERS: '0' } });
  const { taskId } = await runTask(app, { type: 'heartbeat' });
  const { db } = app.app.services;
  const row = await claimTask(db, 'one:1', ['heartbeat'], 0, []);
  if (!row) throw new Error('nothing was taken');
  const claim = claimOf(row, 'one:1');
  for (const lose of [
    "attempt = attempt + 1, worker = 'two:1'",
    "attempt = 1, worker = 'two:1'",
    "attempt = 2, worker = 'one:1'",
    "attempt = 1, worker = 'one:1', status = 'CANCELLED'",
  ]) {
    await app.sql(`update autonomous_tasks set ${lose} where task_id = $1`, [taskId]);
    const before = await app.sql('select t::text from autonomous_tasks t');
    for (const ending of [
      { kind: 'COMPLETED', result: '1' },
      { kind: 'FAILED', error: 'late' },
      { kind: 'AGAIN', error: 'late', delayMs: 0 },
    ] as const)
      expect(await db.transaction((client) => settleTask(client, claim, ending))).toBeNull();
    expect(await writeProgress(db, claim, { done: 1, total: 1, note: 'late' })).toBe(false);
    await expect(doOnce(db, claim, 'late', async () => 1)).rejects.toThrow(TaskLost);
    expect(await beatTasks(db, 'one:1', [claim])).toMatchObject([{ held: false }]);
    expect(await app.sql('select t::text from autonomous_tasks t')).toEqual(before);
  }
  expect(await app.sql('select from task_steps')).toEqual([]);
});

test('a job that throws after its effects, or has one step beside the other, repeats none', async () => {
  const twice = defineJob({
    name: 'twice',
    description: 'Does one step beside itself.',
    payload: z.strictObject({}),
    run: async (_services: unknown, _payload, { once, taskId }) =>
      Promise.all(
        [1, 2, 3].map((number) =>
          once('same', async (client) => {
            await client.query('insert into effects values ($1, $2, 1)', [taskId, 'same']);
            return number;
          }),
        ),
      ),
  });
  const app = await start({ jobs: [effects, twice] });
  await app.sql(EFFECTS);
  const failing = await runTask(app, { type: 'effects', payload: { steps: 3, failAt: 2 } });
  const beside = await runTask(app, { type: 'twice' });
  expect(await untilTask(app, failing.taskId, 'COMPLETED')).toMatchObject({
    retryCount: 1,
    result: [1, 2, 3],
  });
  const { result } = await untilTask(app, beside.taskId, 'COMPLETED');
  expect(new Set(result).size).toBe(1);
  expect(await app.sql('select step, attempt from effects order by step')).toEqual([
    { step: 'same', attempt: 1 },
    { step: 'step 1', attempt: 1 },
    { step: 'step 2', attempt: 1 },
    { step: 'step 3', attempt: 2 },
  ]);
});

test('a critical task waits neither behind ten thousand others nor for a worker that is busy', async () => {
  const { job, open } = waitingJob();
  const app = await start({ jobs: [job], env: { TASK_WORKERS: '2' } });
  const busy = await Promise.all([1, 2].map(() => runTask(app, { type: 'waits', priority: 'LOW' })));
  for (const { taskId } of busy) await untilTask(app, taskId, 'RUNNING');
  await app.sql(`insert into autonomous_tasks (task_id, task_type, name, user_id, priority)
    select 'low ' || n, 'heartbeat', 'low', 'default', 0 from generate_series(1, 10000) n`);
  const critical = await runTask(app, { type: 'heartbeat', priority: 'CRITICAL' });
  await untilTask(app, critical.taskId, 'COMPLETED');
  const [left] = await app.sql(
    "select count(*)::int as count from autonomous_tasks where status = 'PENDING'",
  );
  expect(left).toEqual({ count: 10_000 });
  open();
});

test('users share the workers, whatever one of them asks for', async () => {
  const order: string[] = [];
  const turns = defineJob({
    name: 'turns',
    description: 'Notes whose turn it is.',
    payload: z.strictObject({}),
    run: async (_services: unknown, _payload, { owner }) => {
      order.push(owner.userId ?? '');
      await new Promise((resolve) => setTimeout(resolve, 5));
    },
  });
  const { job, open } = waitingJob();
  const app = await start({ jobs: [turns, job], env: { TASK_WORKERS: '2' } });
  // While the workers are busy the queue is filled; the greedy one comes first, and asks for more.
  for (const { taskId } of await Promise.all([1, 2].map(() => runTask(app, { type: 'waits' }, 'earlier'))))
    await untilTask(app, taskId, 'RUNNING', 'earlier');
  await app.sql(`insert into autonomous_tasks (task_id, task_type, name, user_id, priority)
    select 'greedy ' || n, 'turns', 'x', 'greedy', 2 from generate_series(1, 60) n`);
  for (const user of ['ann', 'ben', 'cy', 'dee'])
    for (let count = 0; count < 3; count++) await runTask(app, { type: 'turns', priority: 'LOW' }, user);
  open();
  await expect.poll(() => order.length, { timeout: 60_000 }).toBe(72);
  const lastOfOthers = order.findLastIndex((user) => user !== 'greedy');
  // Twelve of others: with turns for all, the greedy one has had about as many as each of them, not sixty.
  expect(order.slice(0, lastOfOthers).filter((user) => user === 'greedy').length).toBeLessThan(30);
});

test('a server that stops gives its tasks back, and they go on at once elsewhere', async () => {
  const front = await start({ env: { TASK_WORKERS: '0' } });
  const { job, ends } = waitingJob();
  const env = { DATABASE_URL: front.databaseUrl };
  const first = await startTestApp({ jobs: [job], env: { CANARY_INTERVAL_MS: '0', ...env } });
  const { taskId } = await runTask(first, { type: 'waits' });
  await untilTask(front, taskId, 'RUNNING');
  await first.close();
  expect(ends).toEqual(['the server stopped']);
  expect(await task(front, taskId)).toMatchObject({
    ...{
      status: 'PENDING',
      retryCount: 0,
      error: 'the server stopped',
      attempts: [{ error: 'the server stopped' }],
    },
  });
  const next = waitingJob();
  next.open();
  await start({ jobs: [next.job], env });
  expect(await untilTask(front, taskId, 'COMPLETED')).toMatchObject({ result: { attempt: 2 }, error: null });
});

test('what an earlier server of the same directory held is taken up at once; another’s is left alone', async () => {
  const front = await start({ env: { TASK_WORKERS: '0' } });
  const name = nameOfDirectory(front.directory);
  for (const [taskId, worker] of [
    ['mine', `${name}:00000000`],
    ['of another', 'ffffffffffff:00000000'],
  ])
    await front.sql(
      `insert into autonomous_tasks (task_id, task_type, name, user_id, status, attempt, worker, lease_until)
       values ($1, 'heartbeat', 'x', 'default', 'RUNNING', 1, $2, now() + interval '1 hour')`,
      [taskId, worker],
    );
  await front.app.close();
  await start({ env: { DATA_DIR: front.directory, DATABASE_URL: front.databaseUrl } });
  const [, server] = apps;
  if (!server) throw new Error('it was not started');
  expect(await untilTask(server, 'mine', 'COMPLETED')).toMatchObject({ retryCount: 0 });
  expect((await task(server, 'of another')).status).toBe('RUNNING');
  apps.shift();
  ending.push(() => front.close().catch(() => undefined));
});

test('a task that ends its workers again and again is given up', async () => {
  const app = await start();
  await app.sql(
    `insert into autonomous_tasks (task_id, task_type, name, user_id, status, attempt, worker, lost_count, lease_until)
     values ('deadly', 'heartbeat', 'x', 'default', 'RUNNING', 10, 'gone:1', 9, now() - interval '1 s'),
            ('unlucky', 'heartbeat', 'x', 'default', 'RUNNING', 1, 'gone:1', 0, now() - interval '1 s')`,
  );
  app.app.services.tasks.wake();
  expect(await untilTask(app, 'deadly', 'FAILED')).toMatchObject({
    error: expect.stringContaining('10 times in a row'),
  });
  await untilTask(app, 'unlucky', 'COMPLETED');
});

test('an attempt that comes further counts those anew that lose their worker', async () => {
  const { job, open } = waitingJob();
  const began: string[] = [];
  const furthering = (name: string, further: (task: RunningTask) => Promise<unknown>) =>
    defineJob({
      ...{ name, description: 'Comes further, then waits.', payload: z.strictObject({}) },
      run: async (services, payload, running) => {
        await further(running);
        began.push(name);
        return job.run(services as never, payload, running);
      },
    });
  const nothing = async () => 0;
  const jobs = [
    furthering('writes', ({ write }) => write(nothing)),
    furthering('steps', ({ once }) => once('next', nothing)),
    furthering('repeats', ({ write }) => write(nothing, { isRepeated: true })),
    furthering('knows', ({ once }) => once('done before', nothing)),
  ];
  const app = await start({ jobs });
  await app.sql(
    `insert into autonomous_tasks (task_id, task_type, name, user_id, status, attempt, worker, lost_count, lease_until)
     select name, name, 'x', 'default', 'RUNNING', 9, 'gone:1', 8, now() - interval '1 s' from unnest($1::text[]) t(name)`,
    [jobs.map(({ name }) => name)],
  );
  await app.sql(
    "insert into task_steps (task, step, attempt, result) select id, 'done before', 1, '0' from autonomous_tasks",
  );
  app.app.services.tasks.wake();
  await expect.poll(() => began.toSorted()).toEqual(['knows', 'repeats', 'steps', 'writes']);
  const counts = await app.sql(
    'select task_type as type, attempt, lost_count as lost from autonomous_tasks order by 1',
  );
  expect(counts).toEqual([
    { type: 'knows', attempt: 10, lost: 9 },
    { type: 'repeats', attempt: 10, lost: 9 },
    { type: 'steps', attempt: 10, lost: 0 },
    { type: 'writes', attempt: 10, lost: 0 },
  ]);
  open();
  for (const { name } of jobs) await untilTask(app, name, 'COMPLETED');
});

test('the lease of a running task is prolonged while its worker breathes', async () => {
  const { job, open } = waitingJob();
  const app = await start({ jobs: [job] });
  const { taskId } = await runTask(app, { type: 'waits' });
  await untilTask(app, taskId, 'RUNNING');
  await app.sql("update autonomous_tasks set lease_until = now() + interval '10 s'");
  const isLonger = "select from autonomous_tasks where attempt = 1 and lease_until > now() + interval '12 s'";
  await expect.poll(async () => (await app.sql(isLonger)).length).toBe(1);
  open();
  await untilTask(app, taskId, 'COMPLETED');
});

test('a cancellation reaches a job that another server runs', async () => {
  const front = await start({ env: { TASK_WORKERS: '0' } });
  const { job, ends } = waitingJob();
  await start({ jobs: [job], env: { DATABASE_URL: front.databaseUrl } });
  const { taskId } = await runTask(apps[1] ?? front, { type: 'waits' });
  await untilTask(front, taskId, 'RUNNING');
  const { data } = await front.graphql(
    'mutation ($id: ID!) { cancelTask(taskId: $id) { ... on CancelTaskSuccess { stoppedInTime task { status } } } }',
    { id: taskId },
  );
  expect(data.cancelTask).toEqual({ stoppedInTime: true, task: { status: 'CANCELLED' } });
  expect(ends).toEqual(['it was cancelled']);
});

test('a task outlives the absence of the database, and so does what comes of it', async () => {
  const proxy = await startDatabaseProxy();
  const { job, open } = waitingJob();
  const app = await start({ jobs: [job], route: (url) => proxy.route(url) });
  ending.push(async () => {
    await proxy.restore().catch(() => undefined);
  });
  const { taskId } = await runTask(app, { type: 'waits' });
  await untilTask(app, taskId, 'RUNNING');
  await proxy.refuse();
  await expect.poll(() => app.app.services.availability.isUp).toBe(false);
  open();
  const refused = await app.graphql('mutation { createTask(input: { type: "heartbeat" }) { __typename } }');
  expect(refused.errors?.[0]?.extensions).toMatchObject({ code: 'SERVICE_UNAVAILABLE', retryable: true });
  await proxy.restore();
  expect(await untilTask(app, taskId, 'COMPLETED', undefined, 60_000)).toMatchObject({ retryCount: 0 });
  await app.close();
  apps.splice(0);
  await proxy.close();
});

test('a task of a user who is erased is stopped, and nothing of it is left', async () => {
  const { job, ends } = waitingJob();
  const app = await start({ jobs: [job] });
  const { taskId } = await runTask(app, { type: 'waits', name: 'secret plan', idempotencyKey: 'k' }, 'rin');
  await untilTask(app, taskId, 'RUNNING', 'rin');
  const { data, errors } = await app.graphql(
    'mutation { eraseUser(confirm: "rin") { ... on EraseUserSuccess { receipt } ... on Error { message } } }',
    {},
    'rin',
  );
  expect(errors).toBeUndefined();
  expect(data.eraseUser.receipt).toMatchObject({ erased: { tasks: 1 }, left: { tasks: 0 } });
  await expect.poll(() => ends).toEqual([expect.stringContaining('erased')]);
  await expect.poll(() => app.app.services.tasks.state.running).toBe(0);
  for (const table of ['autonomous_tasks', 'task_attempts', 'task_steps'])
    expect(await app.sql(`select * from ${table}`)).toEqual([]);
});

test('progress is told now and then, whatever a job reports', async () => {
  const busy = defineJob({
    name: 'busy',
    description: 'Reports much.',
    payload: z.strictObject({}),
    run: async (_services: unknown, _payload, { progress }) => {
      for (let done = 1; done <= 2_000; done++) progress(done, 2_000, `at ${done}`);
      progress(Number.NaN, -5, `${'x'.repeat(500)}\0`);
      progress(2_000, 2_000, 'all of it');
    },
  });
  const app = await start({ jobs: [busy] });
  const { taskId } = await runTask(app, { type: 'busy' });
  expect(await untilTask(app, taskId, 'COMPLETED')).toMatchObject({
    progress: { done: 2_000, total: 2_000, note: 'all of it' },
  });
  const told = await app.sql(
    "select from echo_events where kind = 'task_changed' and payload->>'status' = 'RUNNING'",
  );
  expect(told.length).toBeLessThanOrEqual(4);
});

const WATCH = `subscription ($taskId: ID, $after: ID) {
  taskChanged(taskId: $taskId, after: $after) { cursor at status task { taskId name } } }`;

test('whoever follows a task sees it live, and can go on where they stopped', async () => {
  const { job, open } = waitingJob();
  const app = await start({ jobs: [job] });
  const first = await runTask(app, { type: 'heartbeat' }, 'ada');
  await untilTask(app, first.taskId, 'COMPLETED', 'ada');
  const { taskId } = await runTask(app, { type: 'waits', name: 'followed' }, 'ada');
  await untilTask(app, taskId, 'RUNNING', 'ada');
  const watch = (after: string, only: string | null, user = 'ada') =>
    overWebSocket(app.connect(user), WATCH, { after, taskId: only });
  const seen: { cursor: string; status: string; task: { taskId: string } }[] = [];
  const following = (async () => {
    for await (const { data, errors } of watch('0-0', null)) {
      expect(errors).toBeUndefined();
      if (seen.push(data.taskChanged) === 6) return;
    }
  })();
  await expect.poll(() => seen.length).toBe(5);
  // Somebody else's are not told.
  await runTask(app, { type: 'heartbeat' }, 'eve');
  open();
  await following;
  expect(
    seen.map(({ task: { taskId: id }, status }) => `${id === taskId ? 'waits' : 'heartbeat'} ${status}`),
  ).toEqual([
    ...['heartbeat PENDING', 'heartbeat RUNNING', 'heartbeat COMPLETED'],
    ...['waits PENDING', 'waits RUNNING', 'waits COMPLETED'],
  ]);
  const resumed: string[] = [];
  for await (const { data } of watch(seen[3]?.cursor ?? '', taskId))
    if (resumed.push(data.taskChanged.status) === 2) break;
  expect(resumed).toEqual(['RUNNING', 'COMPLETED']);
});

test('health tells of tasks that wait too long, and of it being over', async () => {
  const app = await start({ env: { TASK_WORKERS: '0' } });
  const check = async () => {
    const { data } = await app.graphql('{ health { checks { name status detail } } }');
    return data.health.checks.find(({ name }: { name: string }) => name === 'tasks');
  };
  expect(await check()).toEqual({ name: 'tasks', status: 'HEALTHY', detail: 'this server runs none' });
  await app.sql(`insert into autonomous_tasks (task_id, task_type, name, user_id, due_at)
    values ('old', 'heartbeat', 'x', 'ada', now() - interval '400 s'), ('unknown', 'flying', 'x', 'ada', now() - interval '1 day')`);
  expect(await check()).toMatchObject({
    status: 'DEGRADED',
    detail: expect.stringMatching(/has waited 40\d s/),
  });
  await app.sql("update autonomous_tasks set status = 'CANCELLED' where task_id = 'old'");
  expect(await check()).toMatchObject({ status: 'HEALTHY' });
});

test('an error that says that a database is away is a failure while ours is there', async () => {
  const elsewhere = defineJob({
    name: 'elsewhere',
    description: 'Asks another database, where nobody is.',
    payload: z.strictObject({}),
    retry: { limit: 2, delaySeconds: 0.01, maxDelaySeconds: 0.02 },
    run: async () => {
      throw Object.assign(new Error('connect ECONNREFUSED 192.0.2.1:5432'), { code: 'ECONNREFUSED' });
    },
  });
  const app = await start({ jobs: [elsewhere] });
  const { taskId } = await runTask(app, { type: 'elsewhere' });
  const dead = await untilTask(app, taskId, 'FAILED');
  expect(dead).toMatchObject({ retryCount: 2, error: expect.stringContaining('ECONNREFUSED') });
  expect(dead.attempts).toHaveLength(3);
});

test('a job that fails for want of the database is given back, and costs no retry', async () => {
  const proxy = await startDatabaseProxy();
  ending.push(() => proxy.close());
  const inJob = gate();
  const asks = defineJob({
    name: 'asks',
    description: 'Asks the database in its middle.',
    payload: z.strictObject({}),
    retry: { limit: 0, delaySeconds: 0.01, maxDelaySeconds: 0.01 },
    run: async ({ db }: { readonly db: Database }, _payload, { attempt }) => {
      if (attempt === 1) {
        await proxy.refuse();
        inJob.open();
      }
      await db.pool.query('select 1');
      return { attempt };
    },
  });
  const app = await start({ jobs: [asks], route: (url) => proxy.route(url) });
  const { taskId } = await runTask(app, { type: 'asks' });
  await inJob.passed(null);
  await expect.poll(() => app.app.services.availability.isUp).toBe(false);
  await proxy.restore();
  expect(await untilTask(app, taskId, 'COMPLETED', undefined, 60_000)).toMatchObject({ retryCount: 0 });
  await app.close();
  apps.splice(0);
});
