import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { InvalidInput } from '../src/errors.ts';
import { defineJob, type Job } from '../src/jobs/job.ts';
import { restored } from './support/exports.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { untilTask } from './support/tasks.ts';

const ran: string[] = [];
const job = (name: string, more: Partial<Job> = {}): Job =>
  defineJob({
    ...{ name, description: 'Notes that it ran.', payload: z.strictObject({ path: z.string().optional() }) },
    run: async (_services: unknown, _payload, task) => ran.push(`${name} ${task.owner.tenantId}`),
    ...more,
  });
const jobs = [
  job('of_users'),
  job('of_admins', { mayCreate: 'ADMIN' }),
  job('of_operators', { mayCreate: 'OPERATOR' }),
  job('of_server', { mayCreate: 'SERVER' }),
  job('of_owner', { mayCreate: 'SERVER', isForOwner: true }),
  job('looks', {
    check: async (payload) => {
      const { path } = payload as { path?: string };
      if (path === 'outside') throw new InvalidInput('payload.path', 'it lies outside');
    },
  }),
];

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ jobs });
});
afterAll(() => app.close());

const RETRY = `mutation ($id: ID!) { retryTask(taskId: $id) {
  ... on RetryTaskSuccess { task { status } } ... on Error { code message } } }`;

/** Takes a line of an export as the user's, who wrote it, and tries it again. @returns its id, and what was said */
async function retried(user: string, type: string, payload: object = {}) {
  const [, tenantId = 'default', userId = user] = /^@(.*):(.*)$/.exec(user) ?? [];
  const [taskId, at] = [crypto.randomUUID(), new Date().toISOString()];
  const line = {
    ...{ kind: 'task', tenantId, userId, taskId, type, name: type, description: null, priority: 'NORMAL' },
    ...{
      status: 'FAILED',
      payload,
      result: null,
      error: 'x',
      createdAt: at,
      scheduledFor: null,
      startedAt: null,
    },
    ...{ completedAt: at, retryCount: 0, maxRetries: 0, timeoutSeconds: 60, goalId: null },
  };
  await restored(app, user, [JSON.stringify(line)]);
  const { data, errors } = await app.graphql(RETRY, { id: taskId }, user);
  return { taskId, said: errors?.[0]?.extensions.code ?? data.retryTask.code ?? data.retryTask.task.status };
}

describe('a task from an export', () => {
  test.each([
    ['ada', 'of_users', 'PENDING'],
    ['ada', 'of_admins', 'FORBIDDEN'],
    ['@acme:eve', 'of_admins', 'PENDING'],
    ['@acme:eve', 'of_operators', 'FORBIDDEN'],
    ['@acme:eve', 'backup', 'FORBIDDEN'],
    ['@acme:eve', 'known_elsewhere', 'FORBIDDEN'],
    ['@default:op', 'of_operators', 'PENDING'],
    ['ada', 'of_server', 'FORBIDDEN'],
    ['@acme:eve', 'of_server', 'FORBIDDEN'],
    ['@default:op', 'of_server', 'FORBIDDEN'],
    ['ada', 'of_owner', 'PENDING'],
  ])(
    'is tried again by whoever could make it, or whom alone it is for: %s, %s, %s',
    async (user, type, outcome) => {
      ran.length = 0;
      const { taskId, said } = await retried(user, type);
      expect(said).toBe(outcome);
      const [, tenantId = 'default'] = /^@(.*):/.exec(user) ?? [];
      if (outcome === 'PENDING') {
        await untilTask(app, taskId, 'COMPLETED', user);
        expect(ran).toEqual([`${type} ${tenantId}`]);
      } else
        expect(await app.sql('select status from autonomous_tasks where task_id = $1', [taskId])).toEqual([
          { status: 'FAILED' },
        ]);
    },
  );

  test('is looked at by its job before it is tried again', async () => {
    expect((await retried('ada', 'looks', { path: 'outside' })).said).toBe('BAD_USER_INPUT');
    expect((await retried('ada', 'looks', { path: 'inside' })).said).toBe('PENDING');
  });

  test('does nothing where it is of the server, however it came to run', async () => {
    ran.length = 0;
    const { taskId } = await retried('@acme:eve', 'of_server');
    await app.sql("update autonomous_tasks set status = 'PENDING', due_at = now() where task_id = $1", [
      taskId,
    ]);
    const { error } = await untilTask(app, taskId, 'FAILED', '@acme:eve');
    expect(error).toContain("the server's own, and this one is a user's");
    expect(ran).not.toContain('of_server acme');
  });
});
