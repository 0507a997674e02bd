import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { enqueueTask } from '../src/domains/tasks/tasks.ts';
import { InvalidInput } from '../src/errors.ts';
import { defineJob } from '../src/jobs/job.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { gate, runTask, task, untilTask } from './support/tasks.ts';

/** What jobs of this test have done, by task. */
const runs: { readonly note: string; readonly attempt: number }[] = [];
const opened = gate();

const note = defineJob({
  name: 'note',
  description: 'Notes that it ran.',
  payload: z.strictObject({
    note: z.string().max(20, { error: 'must have at most 20 characters' }).default('-'),
    failures: z.int().min(0).max(5, { error: 'must be at most 5' }).default(0),
  }),
  retry: { limit: 3, delaySeconds: 0.01, maxDelaySeconds: 0.02 },
  run: async (_services: unknown, payload, { attempt }) => {
    runs.push({ note: payload.note, attempt });
    if (attempt <= payload.failures) throw new Error(`attempt ${attempt} came to nothing`);
    return { noted: payload.note };
  },
});
const waits = defineJob({
  name: 'waits',
  description: 'Waits until the gate is opened, or it is told to stop.',
  payload: z.strictObject({ deaf: z.boolean().default(false) }),
  run: async (_services: unknown, { deaf }, { signal }) => {
    await opened.passed(deaf ? null : signal);
    return { passed: true };
  },
});
const returns = defineJob({
  name: 'returns',
  description: 'Returns what cannot be kept.',
  payload: z.strictObject({ what: z.enum(['much', 'cycle', 'big', 'nul', 'surrogate', 'nothing']) }),
  run: async (_services: unknown, { what }) => {
    const cycle: Record<string, unknown> = {};
    cycle.itself = cycle;
    return {
      much: 'x'.repeat(50_000_000),
      cycle,
      big: 10n,
      nul: 'a\0b',
      surrogate: '\ud800',
      nothing: undefined,
    }[what];
  },
});
const forAdmins = defineJob({
  name: 'for_admins',
  description: 'Only admins may.',
  payload: z.strictObject({}),
  mayCreate: 'ADMIN',
  run: async () => null,
});
const forServer = defineJob({
  name: 'for_server',
  description: 'Nobody may.',
  payload: z.strictObject({}),
  mayCreate: 'SERVER',
  run: async () => 'done',
});

let isGone = false;
const looks = defineJob({
  name: 'looks',
  description: 'Looks whether something is there before it is made.',
  payload: z.strictObject({}),
  check: async () => {
    if (isGone) throw new InvalidInput('payload', 'what it names is gone');
  },
  run: async () => null,
});

const jobs = [note, waits, returns, forAdmins, forServer, looks];
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ jobs, env: { CANARY_INTERVAL_MS: '0' } });
});
afterAll(async () => {
  opened.open();
  await app.close();
});

const failed = (result: { data?: Record<string, unknown> }) => Object.values(result.data ?? {})[0];

describe('a task', () => {
  test('is made, taken, and completed with its result', async () => {
    const made = await runTask(
      app,
      { type: 'note', payload: { note: 'one' }, name: 'First', description: 'of all' },
      'ada',
    );
    expect(made).toMatchObject({
      status: 'PENDING',
      type: 'note',
      name: 'First',
      priority: 'NORMAL',
      createdBy: 'ada',
    });
    const done = await untilTask(app, made.taskId, 'COMPLETED', 'ada');
    expect(done).toMatchObject({
      ...{ result: { noted: 'one' }, payload: { note: 'one' }, error: null, retryCount: 0, maxRetries: 3 },
      attempts: [
        {
          number: 1,
          endedAt: expect.any(String),
          error: null,
          worker: expect.stringMatching(/^\w{12}:\w{8}$/),
        },
      ],
    });
    expect(done.completedAt >= done.startedAt).toBe(true);
  });

  test('that fails is tried again, later each time, and keeps each attempt', async () => {
    const { taskId } = await runTask(app, { type: 'note', payload: { note: 'two', failures: 2 } });
    const done = await untilTask(app, taskId, 'COMPLETED');
    expect(done).toMatchObject({ retryCount: 2, error: null, result: { noted: 'two' } });
    expect(done.attempts.map(({ error }: { error: string | null }) => error)).toEqual([
      'attempt 1 came to nothing',
      'attempt 2 came to nothing',
      null,
    ]);
  });

  test('that fails for good stays readable, and can be tried again by hand', async () => {
    const { taskId } = await runTask(app, {
      type: 'note',
      payload: { note: 'three', failures: 4 },
      maxRetries: 1,
    });
    const dead = await untilTask(app, taskId, 'FAILED');
    expect(dead).toMatchObject({
      error: 'attempt 2 came to nothing',
      retryCount: 1,
      completedAt: expect.any(String),
    });
    const { data } = await app.graphql(
      `mutation ($id: ID!) { retryTask(taskId: $id) { ... on RetryTaskSuccess { task { status retryCount error } } } }`,
      { id: taskId },
    );
    expect(data.retryTask.task).toEqual({ status: 'PENDING', retryCount: 0, error: null });
    const again = await untilTask(app, taskId, 'FAILED');
    expect(again.attempts).toHaveLength(4);
  });

  test.each([
    ['much', /^the result has 50000002 bytes as JSON; at most 1048576 can be kept$/],
    ['cycle', /^the result is not JSON: .*circular/],
    ['big', /^the result is not JSON: .*BigInt/],
    ['nul', /NUL character/],
    ['surrogate', /broken UTF-16/],
  ])('whose result cannot be kept fails at once, and says why: %s', async (what, error) => {
    const { taskId } = await runTask(app, { type: 'returns', payload: { what } });
    expect(await untilTask(app, taskId, 'FAILED')).toMatchObject({
      ...{ error: expect.stringMatching(error), result: null, retryCount: 0 },
    });
  });

  test('may have nothing to say', async () => {
    const { taskId } = await runTask(app, { type: 'returns', payload: { what: 'nothing' } });
    expect(await untilTask(app, taskId, 'COMPLETED')).toMatchObject({ result: null, error: null });
  });

  test('with an idempotency key is made once', async () => {
    const input = { type: 'note', payload: { note: 'key', failures: 0 }, idempotencyKey: 'k 1' };
    const first = await runTask(app, input, 'ada');
    const again = await runTask(app, { ...input, payload: { failures: 0, note: 'key' } }, 'ada');
    expect(again.taskId).toBe(first.taskId);
    const both = await Promise.all(
      [1, 2, 3, 4].map(() => runTask(app, { ...input, idempotencyKey: 'k 2' }, 'ada')),
    );
    expect(new Set(both.map(({ taskId }) => taskId)).size).toBe(1);
    expect((await runTask(app, input, 'bob')).taskId).not.toBe(first.taskId);
    const { data } = await app.graphql(CREATE, { input: { ...input, name: 'Another' } }, 'ada');
    expect(data.createTask).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  test('is given once more to its key when its time has passed, or what it names is gone', async () => {
    const soon = Date.now() + 2_000;
    const input = { type: 'note', payload: { note: 'soon' }, scheduledFor: new Date(soon).toISOString() };
    const timed = { ...input, idempotencyKey: 'k 3' };
    const first = await runTask(app, timed, 'ada');
    await expect.poll(() => Date.now()).toBeGreaterThan(soon);
    expect((await runTask(app, timed, 'ada')).taskId).toBe(first.taskId);
    const late = await app.graphql(CREATE, { input: { ...timed, idempotencyKey: 'k 4' } }, 'ada');
    expect(late.data.createTask).toMatchObject({ message: 'scheduledFor: must not be in the past' });

    const looked = { type: 'looks', payload: {}, idempotencyKey: 'k 5' };
    const made = await runTask(app, looked, 'ada');
    isGone = true;
    expect((await runTask(app, looked, 'ada')).taskId).toBe(made.taskId);
    await expect(runTask(app, { ...looked, idempotencyKey: 'k 6' }, 'ada')).rejects.toThrow('is gone');
    const { data } = await app.graphql(CREATE, { input: { ...looked, name: 'Another' } }, 'ada');
    expect(data.createTask).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  test('is there if the transaction that makes it is committed, and only then', async () => {
    const { db } = app.app.services;
    const given = {
      type: 'note',
      payload: { note: 'never' },
      owner: { tenantId: 'default', userId: 'ada' },
      createdBy: 'x',
    };
    await expect(
      db.transaction(async (client) => {
        await enqueueTask(client, note, given);
        throw new Error('taken back');
      }),
    ).rejects.toThrow('taken back');
    const kept = await db.transaction((client) =>
      enqueueTask(client, note, { ...given, payload: { note: 'kept' } }),
    );
    // Nobody woke the workers.
    await untilTask(app, kept.taskId, 'COMPLETED', 'ada');
    expect(runs.map((run) => run.note)).toContain('kept');
    expect(runs.map((run) => run.note)).not.toContain('never');
    expect(await app.sql("select from autonomous_tasks where payload->>'note' = 'never'")).toEqual([]);
  });
});

const CREATE = `mutation ($input: CreateTaskInput!) { createTask(input: $input) {
  ... on CreateTaskSuccess { task { taskId status } } ... on Error { code message } } }`;

describe('what cannot be a task', () => {
  const year = (years: number) => new Date(Date.now() + years * 31_536_000_000).toISOString();
  test.each<[string, Record<string, unknown>, string]>([
    [
      'an unknown type',
      { type: 'fly' },
      'type: must be one of archive_interactions, heartbeat, learn, looks, note, restore_archived, returns, self_check, waits',
    ],
    [
      'one that only the server may make',
      { type: 'for_server' },
      'type: must be one of archive_interactions',
    ],
    [
      'a payload with a wrong field',
      { payload: { note: 'x'.repeat(21) } },
      'payload.note: must have at most 20 characters',
    ],
    ['a payload with a wrong number', { payload: { failures: 6 } }, 'payload.failures: must be at most 5'],
    ['a payload with more than is known', { payload: { notes: 'x' } }, 'payload: Unrecognized key: "notes"'],
    ['a payload that is no object', { payload: [1] }, 'payload: must be a JSON object'],
    [
      'a payload that is too large',
      { payload: { note: 'x'.repeat(70_000) } },
      'payload: must have at most 65536 bytes',
    ],
    ['a time in the past', { scheduledFor: year(-0.001) }, 'scheduledFor: must not be in the past'],
    [
      'a time in the year 9999',
      { scheduledFor: '9999-12-31T00:00:00Z' },
      'scheduledFor: must be within the next 366 days',
    ],
    ['too many retries', { maxRetries: 21 }, 'maxRetries: must be from 0 to 20'],
    ['fewer than no retries', { maxRetries: -1 }, 'maxRetries: must be from 0 to 20'],
    ['no time to run', { timeoutSeconds: 0 }, 'timeoutSeconds: must be from 1 to 86400'],
    ['a name of nothing', { name: '' }, 'name: must have 1 to 200 characters'],
    [
      'a key that is none',
      { idempotencyKey: 'schlüssel' },
      'idempotencyKey: must be 1 to 255 printable ASCII',
    ],
  ])('%s is refused, with the field and the limit', async (_name, given, message) => {
    const [before] = await app.sql('select count(*)::int as count from autonomous_tasks');
    const { data } = await app.graphql(CREATE, { input: { type: 'note', ...given } }, 'ada');
    expect(data.createTask).toEqual({ code: 'BAD_USER_INPUT', message: expect.stringContaining(message) });
    expect(await app.sql('select count(*)::int as count from autonomous_tasks')).toEqual([before]);
  });

  test('a priority that is a number is none', async () => {
    const { errors } = await app.graphql(CREATE, { input: { type: 'note', priority: 3 } });
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  test('what only admins may make is refused to others', async () => {
    const { errors } = await app.graphql(CREATE, { input: { type: 'for_admins' } }, 'ada');
    expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    const { taskId } = await runTask(app, { type: 'for_admins' });
    await untilTask(app, taskId, 'COMPLETED');
  });
});

describe('a cancellation', () => {
  const CANCEL = `mutation ($id: ID!) { cancelTask(taskId: $id) {
    ... on CancelTaskSuccess { stoppedInTime task { status error completedAt } } ... on Error { code message } } }`;
  const cancel = async (taskId: string, user?: string) =>
    (await app.graphql(CANCEL, { id: taskId }, user)).data.cancelTask;

  test('of a task that waits means that it never runs', async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const { taskId } = await runTask(
      app,
      { type: 'note', payload: { note: 'later' }, scheduledFor: soon },
      'ada',
    );
    expect(await cancel(taskId, 'ada')).toEqual({
      ...{ stoppedInTime: true, task: { status: 'CANCELLED', error: null, completedAt: expect.any(String) } },
    });
    expect((await task(app, taskId, 'ada')).attempts).toEqual([]);
    expect(await cancel(taskId, 'ada')).toEqual({
      code: 'BAD_USER_INPUT',
      message: 'taskId: the task is CANCELLED; only a task that waits or runs can be cancelled',
    });
  });

  test('reaches the job of one that runs', async () => {
    const { taskId } = await runTask(app, { type: 'waits' }, 'ada');
    await untilTask(app, taskId, 'RUNNING', 'ada');
    const { data } = await app.graphql(
      `mutation ($id: ID!) { retryTask(taskId: $id) { ... on Error { code message } } }`,
      { id: taskId },
      'ada',
    );
    expect(data.retryTask.message).toContain('the task is RUNNING; only a task that failed');
    expect(await cancel(taskId, 'ada')).toMatchObject({
      stoppedInTime: true,
      task: { status: 'CANCELLED', error: null },
    });
    expect((await task(app, taskId, 'ada')).attempts).toMatchObject([{ error: 'it was cancelled' }]);
  });

  test('of a job that does not listen is not waited for, and says so; its worker is free', async () => {
    const { taskId } = await runTask(app, { type: 'waits', payload: { deaf: true } }, 'ada');
    await untilTask(app, taskId, 'RUNNING', 'ada');
    expect(await cancel(taskId, 'ada')).toMatchObject({
      stoppedInTime: false,
      task: { status: 'CANCELLED', error: expect.stringContaining('did not stop within 5 s') },
    });
    expect(app.app.services.tasks.state).toMatchObject({ abandoned: 1 });
  });
});

test('a job that takes longer than it may is told to stop, and fails', async () => {
  const { taskId } = await runTask(app, { type: 'waits', timeoutSeconds: 1, maxRetries: 0 });
  expect(await untilTask(app, taskId, 'FAILED')).toMatchObject({ error: 'it took longer than 1 s' });
});

describe('a user', () => {
  test('sees and stops nobody else’s, and what is there is not told from what is not', async () => {
    const { taskId } = await runTask(app, { type: 'waits', payload: {} }, 'vera');
    expect(
      (await app.graphql('query ($id: ID!) { task(taskId: $id) { taskId } }', { id: taskId }, 'eve')).data,
    ).toEqual({
      task: null,
    });
    const list = await app.graphql('{ tasks { nodes { createdBy } } }', {}, 'eve');
    expect(list.data.tasks.nodes).toEqual([]);
    for (const field of ['cancelTask', 'retryTask']) {
      const ask = (id: string, user: string) =>
        app.graphql(
          `mutation ($id: ID!) { ${field}(taskId: $id) { ... on Error { code message } } }`,
          { id },
          user,
        );
      expect(failed(await ask(taskId, 'eve'))).toEqual(failed(await ask(crypto.randomUUID(), 'eve')));
      expect(failed(await ask(taskId, '@other:boss'))).toMatchObject({ code: 'NOT_FOUND' });
    }
    // An admin of the tenant does.
    expect(await task(app, taskId)).toMatchObject({ createdBy: 'vera' });
    const stopped = await app.graphql(
      'mutation ($id: ID!) { cancelTask(taskId: $id) { ... on CancelTaskSuccess { task { status } } } }',
      { id: taskId },
    );
    expect(stopped.data.cancelTask.task.status).toBe('CANCELLED');
  });

  test('of the server itself is nobody: only admins see its tasks, and only where they ask for them', async () => {
    const { db } = app.app.services;
    const row = await db.transaction((client) =>
      enqueueTask(client, forServer, {
        ...{ type: 'for_server', owner: { tenantId: '*', userId: null }, createdBy: 'the clock' },
      }),
    );
    app.app.services.tasks.wake();
    expect(await untilTask(app, row.taskId, 'COMPLETED')).toMatchObject({
      createdBy: 'the clock',
      result: 'done',
    });
    const nodes = async (filter: string, user?: string) =>
      app.graphql(`{ tasks(filter: { ${filter} }) { nodes { taskId } } }`, {}, user);
    expect((await nodes('system: true')).data.tasks.nodes).toEqual([{ taskId: row.taskId }]);
    expect((await nodes('type: "for_server"')).data.tasks.nodes).toEqual([]);
    expect((await nodes('system: true', 'ada')).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    const asUser = await app.graphql(
      'query ($id: ID!) { task(taskId: $id) { taskId } }',
      { id: row.taskId },
      'ada',
    );
    expect(asUser.data.task).toBeNull();
  });
});

test('a list of tasks with their attempts takes two statements', async () => {
  app.statements.length = 0;
  const { data, errors } = await app.graphql(
    '{ tasks(first: 10, filter: { type: "note", status: COMPLETED }) { nodes { taskId attempts { number } } pageInfo { hasNextPage } } }',
  );
  expect(errors).toBeUndefined();
  expect(data.tasks.nodes.length).toBeGreaterThan(3);
  const sent = app.statements.filter((name) => /task_page|task_attempts_of|tasks_by/.test(name));
  expect(sent).toEqual(['task_page_desc', 'task_attempts_of']);
});

test('types say what they take, and figures what there is', async () => {
  const { data } = await app.graphql(
    '{ taskTypes { name description payloadSchema maySchedule } taskStats { byStatus { status count } byType { type status count } oldestWaitingSeconds endedLastHour } }',
    {},
    'ada',
  );
  const byName = Object.fromEntries(data.taskTypes.map((type: { name: string }) => [type.name, type]));
  expect(Object.keys(byName).sort()).toEqual([
    ...[
      'archive_interactions',
      'heartbeat',
      'learn',
      'looks',
      'note',
      'restore_archived',
      'returns',
      'self_check',
      'waits',
    ],
  ]);
  expect(byName.self_check.payloadSchema).toMatchObject({
    type: 'object',
    properties: { conversations: { type: 'integer', minimum: 0, maximum: 500, default: 20 } },
    additionalProperties: false,
  });
  expect([byName.note.maySchedule, byName.returns.maySchedule]).toEqual([true, false]);
  expect(data.taskStats.byType).toContainEqual({
    type: 'note',
    status: 'COMPLETED',
    count: expect.any(Number),
  });
  expect(data.taskStats.endedLastHour).toBeGreaterThan(0);
});

test('a self-check asks the parts and verifies conversations of its user alone', async () => {
  for (const user of ['ada', 'bob']) await app.record(`of ${user}`, ['a', 'b'], user);
  await app.sql(
    "update echo_unified_interactions set query = 'altered' where user_id = 'ada' and sequence = 2",
  );
  const { taskId } = await runTask(app, { type: 'self_check' }, 'ada');
  expect(await untilTask(app, taskId, 'COMPLETED', 'ada')).toMatchObject({
    result: {
      conversations: 1,
      turns: 2,
      damaged: ['of ada'],
      checks: expect.arrayContaining([expect.objectContaining({ name: 'tasks' })]),
    },
    progress: { done: 1, total: 1 },
  });
});
