import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JOBS } from '../src/lists/jobs.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { operate } from './support/operate.ts';
import { runTask, untilTask } from './support/tasks.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ env: { CANARY_INTERVAL_MS: '0' } });
});
afterAll(() => app.close());

const call = async (method: string, path: string, user = 'ada') => {
  const response = await fetch(`${app.url}/api/echo/tasks/${path}`, {
    method,
    headers: { 'x-test-user': user },
  });
  // biome-ignore lint/suspicious/noExplicitAny: bodies have the shape that each test asks for
  return { status: response.status, body: (await response.json()) as any };
};
const create = async (body: unknown) => {
  const response = await app.post('/api/echo/tasks/create', body, 'ada');
  // biome-ignore lint/suspicious/noExplicitAny: see above
  return { status: response.status, body: (await response.json()) as any };
};
const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

describe('the older endpoints', () => {
  test('make a task, show it, and show how many there are', async () => {
    const made = await create({
      name: 'Look',
      task_type: 'self_check',
      payload: { conversations: 1 },
      priority: 'HIGH',
      more: 1,
    });
    expect(made).toEqual({
      status: 200,
      body: { id: expect.any(String), name: 'Look', status: 'PENDING', created_at: INSTANT },
    });
    await untilTask(app, made.body.id, 'COMPLETED', 'ada');
    expect((await call('GET', made.body.id)).body).toMatchObject({
      ...{ id: made.body.id, name: 'Look', task_type: 'self_check', priority: 'HIGH', status: 'COMPLETED' },
      ...{ payload: { conversations: 1 }, error: null, retry_count: 0, max_retries: 3, timeout: 300 },
      result: { conversations: 0, turns: 0 },
    });
    expect((await call('GET', 'queue')).body).toMatchObject({
      status: 'running',
      statistics: { total: 1, completed: 1, pending: 0, by_type: { self_check: 1 }, workers: 4 },
      timestamp: INSTANT,
    });
    expect((await call('GET', 'queue', 'eve')).body.statistics.total).toBe(0);
  });

  test('cancel one that waits, and none that is over or somebody else’s', async () => {
    const later = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
    const { body } = await create({
      task_type: 'heartbeat',
      scheduled_for: later,
      max_retries: 1,
      timeout: 9,
    });
    expect(await call('DELETE', body.id, 'eve')).toMatchObject({
      status: 404,
      body: { error_code: 'NOT_FOUND' },
    });
    expect(await call('DELETE', body.id)).toMatchObject({
      status: 200,
      body: {
        id: body.id,
        status: 'CANCELLED',
        stopped_in_time: true,
        scheduled_for: later,
        max_retries: 1,
        timeout: 9,
      },
    });
    expect(await call('DELETE', body.id)).toMatchObject({
      ...{
        status: 422,
        body: { error_code: 'VALIDATION_ERROR', detail: expect.stringContaining('CANCELLED') },
      },
    });
  });

  test.each<[Record<string, unknown>, string]>([
    [{}, 'task_type: is missing'],
    [{ task_type: 'fly' }, 'type: must be one of'],
    [{ task_type: 'heartbeat', priority: 'URGENT' }, 'priority: must be one of LOW, NORMAL, HIGH, CRITICAL'],
    [{ task_type: 'heartbeat', priority: 3 }, 'priority: must be text'],
    [{ task_type: 'heartbeat', scheduled_for: 'tomorrow' }, 'scheduled_for: must be an instant'],
    [
      { task_type: 'self_check', payload: { conversations: 501 } },
      'payload.conversations: must be from 0 to 500',
    ],
    [{ task_type: 'heartbeat', timeout: 0 }, 'timeout: must be from 1 to 86400'],
  ])('refuse %o', async (body, detail) => {
    expect(await create(body)).toMatchObject({
      ...{ status: 422, body: { error_code: 'VALIDATION_ERROR', detail: expect.stringContaining(detail) } },
    });
  });

  test('know no task of another name', async () => {
    expect(await call('GET', 'nothing')).toMatchObject({ status: 404, body: { error_code: 'NOT_FOUND' } });
  });
});

describe('npm run tasks', () => {
  /** The command beside the server. */
  async function command(...args: string[]) {
    const { code, text } = await operate(app.directory, 'tasks', args);
    return { code, text };
  }

  test('runs a task, lists and shows it', async () => {
    const ran = await command('run', 'self_check', '--payload', '{"conversations": 2}');
    expect(ran.code).toBe(0);
    const { id, status, result } = JSON.parse(ran.text);
    expect([status, result.damaged]).toEqual(['COMPLETED', []]);
    expect((await command('list', '--type', 'self_check', '--status', 'COMPLETED')).text).toContain(id);
    const shown = JSON.parse((await command('show', id)).text);
    expect(shown).toMatchObject({
      id,
      type: 'self_check',
      status: 'COMPLETED',
      attempts: [{ number: 1, error: null }],
    });
  });

  test('cancels one that waits', async () => {
    const later = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
    const { taskId } = await runTask(app, { type: 'heartbeat', scheduledFor: later }, 'ada');
    expect(await command('cancel', taskId)).toEqual({ code: 0, text: expect.stringContaining('CANCELLED') });
    expect(await command('cancel', taskId)).toMatchObject({
      code: 1,
      text: expect.stringContaining('is CANCELLED'),
    });
  });

  test.each([
    [['show', 'nothing'], 1, 'there is no such task'],
    [['list', '--status', 'DONE'], 2, '--status: must be one of PENDING'],
    [['list', '--limit', '0'], 2, '--limit: must be a whole number'],
    [
      ['run', 'fly'],
      1,
      `type: must be one of ${JOBS.filter(({ mayCreate }) => mayCreate !== 'SERVER')
        .map(({ name }) => name)
        .sort()
        .join(', ')}`,
    ],
    [['run', 'heartbeat', '--payload', '{'], 2, '--payload: is not valid JSON'],
    [['run'], 2, 'usage:'],
    [['fly'], 2, 'usage:'],
    [['list', '--fly'], 2, 'usage:'],
    [['--help'], 0, 'usage:'],
  ])('%o says what is wrong', async (args, code, text) => {
    expect(await command(...args)).toEqual({ code, text: expect.stringContaining(text) });
  });
});
