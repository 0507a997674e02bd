import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { defineJob, type JobSchedule } from '../src/jobs/job.ts';
import { PRODUCT } from '../src/lists/product.ts';
import { createLogger } from '../src/log.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { operate } from './support/operate.ts';
import { gate, untilTask } from './support/tasks.ts';

type Options = NonNullable<Parameters<typeof startTestApp>[0]>;
const apps: TestApp[] = [];
const ending: (() => unknown)[] = [];
async function start(options: Options = {}): Promise<TestApp> {
  const app = await startTestApp(options);
  apps.push(app);
  return app;
}
async function stop(app: TestApp) {
  apps.splice(apps.indexOf(app), 1);
  await app.close();
}
async function endAll() {
  for (const end of ending.splice(0)) await end();
  for (const app of apps.splice(0).reverse()) await app.close();
}
afterEach(endAll);
afterAll(endAll);

/** A clock that stands still until it is set. */
function clockAt(start: string) {
  let time = Date.parse(start);
  return {
    now: () => new Date(time),
    set: (at: string) => {
      time = Date.parse(at);
    },
  };
}
type Clock = ReturnType<typeof clockAt>;

/** Sets the clock and lets the servers look at it. */
function at(clock: Clock, time: string, ...servers: TestApp[]) {
  clock.set(time);
  for (const { app } of servers) app.services.schedules.wake();
}

const hourly = (missed: JobSchedule['missed'] = 'SKIP', cron = '0 * * * *'): JobSchedule => ({
  ...{ cron, missed, timeZone: 'UTC' },
});
/** A job that runs by itself. @param until it waits for this */
const scheduled = (name: string, schedule: JobSchedule, until?: ReturnType<typeof gate>) =>
  defineJob({
    name,
    description: 'Runs by itself.',
    payload: z.strictObject({}),
    schedule,
    run: async (_services: unknown, _payload, { signal }) => (await until?.passed(signal)) ?? null,
  });
const waiting = () => {
  const opened = gate();
  ending.push(() => opened.open());
  return opened;
};

const SCHEDULE = `name taskType cron timeZone missedPolicy paused declared nextSlotAt lastSlot { slotAt state }
  slots(first: 100) { nodes { slotAt state note task { taskId status createdBy schedule { name } } } }`;
// biome-ignore lint/suspicious/noExplicitAny: results have the shape that each test asks for
type Seen = any;
async function seen(app: TestApp, name: string): Promise<Seen> {
  const { data, errors } = await app.graphql(`{ schedules { ${SCHEDULE} } }`);
  if (!data) throw new Error(JSON.stringify(errors));
  return data.schedules.find((each: { name: string }) => each.name === name);
}
/** What became of the slots of a schedule, oldest first, by their hour. */
async function decided(app: TestApp, name: string): Promise<string[]> {
  const { slots } = (await seen(app, name)) ?? { slots: { nodes: [] } };
  return slots.nodes
    .map(({ slotAt, state }: Seen) => `${slotAt.slice(8, 16)} ${state}`)
    .filter((slot: string) => !slot.endsWith('PLANNED'))
    .reverse();
}
/** Tasks that a schedule made. */
const made = (app: TestApp, name: string) =>
  app.sql('select * from autonomous_tasks where created_by = $1 and user_id is null', [name]);
const trigger = async (app: TestApp, name: string, user?: string) => {
  const { data, errors } = await app.graphql(
    `mutation ($name: String!) { triggerSchedule(name: $name) {
      ... on CreateTaskSuccess { task { taskId type createdBy } } ... on ScheduleBusyError { taskId }
      ... on Error { code message } } }`,
    { name },
    user,
  );
  return errors?.[0]?.extensions ?? data.triggerSchedule.task ?? data.triggerSchedule;
};
const pause = async (app: TestApp, name: string, paused: boolean, user?: string) => {
  const { data, errors } = await app.graphql(
    `mutation ($name: String!, $paused: Boolean!) { setSchedulePaused(name: $name, paused: $paused) {
      ... on ScheduleSuccess { schedule { paused nextSlotAt } } ... on Error { code message } } }`,
    { name, paused },
    user,
  );
  return errors?.[0]?.extensions ?? data.setSchedulePaused.schedule ?? data.setSchedulePaused;
};
/** Starts servers on one database that outlives them: its own server does no background work. */
const keptDatabase = async () => {
  const keeping = await start({ env: { TASK_WORKERS: '0' } });
  return async (options: Options) => {
    const app = {
      ...(await startTestApp({ ...options, route: async () => keeping.databaseUrl })),
      sql: keeping.sql,
    };
    apps.push(app);
    return app;
  };
};

describe('a slot', () => {
  test('makes its task when it comes, and both are shown', async () => {
    const clock = clockAt('2030-01-01T00:30:00Z');
    const app = await start({ now: clock.now, jobs: [scheduled('tick', hourly())] });
    await expect
      .poll(() => seen(app, 'tick'))
      .toMatchObject({
        ...{ taskType: 'tick', cron: '0 * * * *', timeZone: 'UTC', missedPolicy: 'SKIP', paused: false },
        ...{ declared: true, lastSlot: null, nextSlotAt: '2030-01-01T01:00:00.000Z' },
        slots: { nodes: [{ slotAt: '2030-01-01T01:00:00.000Z', state: 'PLANNED', note: null, task: null }] },
      });
    at(clock, '2030-01-01T01:00:00.003Z', app);
    await expect.poll(() => decided(app, 'tick')).toEqual(['01T01:00 RUN']);
    const { slots, lastSlot, nextSlotAt } = await seen(app, 'tick');
    expect(lastSlot).toEqual({ slotAt: '2030-01-01T01:00:00.000Z', state: 'RUN' });
    expect(nextSlotAt).toBe('2030-01-01T02:00:00.000Z');
    const { task } = slots.nodes[1];
    expect(task).toMatchObject({ createdBy: 'tick', schedule: { name: 'tick' } });
    expect(await untilTask(app, task.taskId, 'COMPLETED')).toMatchObject({ type: 'tick' });
    at(clock, '2030-01-01T01:59:59.999Z', app);
    at(clock, '2030-01-01T02:04:00Z', app);
    await expect.poll(() => decided(app, 'tick')).toEqual(['01T01:00 RUN', '01T02:00 RUN']);
  });

  test('runs once with two servers on one database, also where their clocks differ a little', async () => {
    const startHere = await keptDatabase();
    const clocks = [clockAt('2030-01-01T00:30:00Z'), clockAt('2030-01-01T00:30:02Z')] as const;
    const jobs = [scheduled('tick', hourly())];
    const one = await startHere({ now: clocks[0].now, jobs });
    const two = await startHere({ now: clocks[1].now, jobs });
    for (const hour of ['01', '02', '03', '04', '05']) {
      const ahead = Number(hour) % 2;
      at(clocks[ahead ? 0 : 1], `2030-01-01T${hour}:00:02Z`, one, two);
      at(clocks[ahead ? 1 : 0], `2030-01-01T${hour}:00:00Z`, one, two);
      await expect.poll(async () => (await decided(one, 'tick')).at(-1)).toBe(`01T${hour}:00 RUN`);
      await expect
        .poll(async () => (await made(one, 'tick')).map(({ status }) => status))
        .not.toContain('PENDING');
      await expect
        .poll(async () => (await made(one, 'tick')).every((row) => row.status === 'COMPLETED'))
        .toBe(true);
    }
    expect(await decided(two, 'tick')).toHaveLength(5);
    expect(await made(two, 'tick')).toHaveLength(5);
  });

  test('and its task are made together or not at all', async () => {
    const clock = clockAt('2030-01-01T00:30:00Z');
    const app = await start({ now: clock.now, jobs: [scheduled('tick', hourly())] });
    await expect.poll(() => seen(app, 'tick')).toBeTruthy();
    await app.sql(
      `create function no_tasks() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$`,
    );
    await app.sql(
      'create trigger no_tasks before insert on autonomous_tasks for each row execute function no_tasks()',
    );
    const keeper = async () => {
      const { data } = await app.graphql('{ keepers { name state } }');
      return data.keepers.find(({ name }: Seen) => name === 'schedules').state;
    };
    at(clock, '2030-01-01T01:00:00Z', app);
    await expect.poll(keeper).toBe('FAILING');
    expect(await decided(app, 'tick')).toEqual([]);
    await app.sql('drop trigger no_tasks on autonomous_tasks');
    await expect.poll(() => decided(app, 'tick')).toEqual(['01T01:00 RUN']);
    expect(await made(app, 'tick')).toHaveLength(1);
    expect(await keeper()).not.toBe('FAILING');
  });

  test('whose predecessor is unfinished is skipped and says so, and nobody can trigger another', async () => {
    const clock = clockAt('2030-01-01T00:30:00Z');
    const opened = waiting();
    const app = await start({ now: clock.now, jobs: [scheduled('long', hourly('RUN_ALL'), opened)] });
    await expect.poll(() => seen(app, 'long')).toBeTruthy();
    at(clock, '2030-01-01T01:00:00Z', app);
    await expect.poll(() => decided(app, 'long')).toEqual(['01T01:00 RUN']);
    at(clock, '2030-01-01T02:00:00Z', app);
    await expect.poll(() => decided(app, 'long')).toEqual(['01T01:00 RUN', '01T02:00 SKIPPED']);
    const { slots } = await seen(app, 'long');
    const { taskId } = slots.nodes[2].task;
    expect(slots.nodes[1]).toMatchObject({
      task: null,
      note: expect.stringContaining(`task ${taskId} was unfinished`),
    });
    expect(await trigger(app, 'long')).toEqual({
      ...{ code: 'SCHEDULE_BUSY', taskId, message: expect.stringContaining(taskId) },
    });
    // Told a moment after it was decided.
    await expect
      .poll(async () => (await app.graphql('{ activity { nodes { kind message } } }')).data.activity.nodes)
      .toContainEqual({
        kind: 'slot_skipped',
        message: expect.stringMatching(/^long: 1 skipped, the latest 2030-01-01T02:00:00.000Z: /),
      });
    opened.open();
    await untilTask(app, taskId, 'COMPLETED');
    at(clock, '2030-01-01T03:00:00Z', app);
    await expect
      .poll(() => decided(app, 'long'))
      .toEqual(['01T01:00 RUN', '01T02:00 SKIPPED', '01T03:00 RUN']);
  });
});

describe('slots at which no server was there', () => {
  test.each<[JobSchedule['missed'], string[]]>([
    ['SKIP', ['01T01:00 RUN', '01T02:00 MISSED', '01T03:00 MISSED', '01T04:00 MISSED']],
    ['RUN_ONCE', ['01T01:00 RUN', '01T02:00 MISSED', '01T03:00 MISSED', '01T04:00 RUN']],
    ['RUN_ALL', ['01T01:00 RUN', '01T02:00 RUN', '01T03:00 RUN', '01T04:00 RUN']],
  ])('are taken as %s says, over a stop of three', async (missed, expected) => {
    const startHere = await keptDatabase();
    const clock = clockAt('2030-01-01T00:30:00Z');
    const jobs = [scheduled('tick', hourly(missed))];
    const before = await startHere({ now: clock.now, jobs });
    await expect.poll(() => seen(before, 'tick')).toBeTruthy();
    at(clock, '2030-01-01T01:00:00Z', before);
    await expect.poll(() => decided(before, 'tick')).toEqual(['01T01:00 RUN']);
    await expect.poll(async () => (await made(before, 'tick'))[0]?.status).toBe('COMPLETED');
    await stop(before);
    // Within what would count as a little late, if a server had been there.
    clock.set('2030-01-01T04:00:30Z');
    const after = await startHere({ now: clock.now, jobs });
    await expect.poll(() => decided(after, 'tick')).toEqual(expected);
    const tasks = await made(after, 'tick');
    expect(tasks).toHaveLength(expected.filter((slot) => slot.endsWith('RUN')).length);
    // One after the other.
    const ends = tasks.sort((a, b) => a.id - b.id).map(({ completed_at }) => completed_at);
    expect(tasks.slice(1).every(({ created_at }, place) => created_at >= ends[place])).toBe(true);
    // A slot that comes while the one before is under way is skipped.
    const isDone = async () => (await made(after, 'tick')).every(({ status }) => status === 'COMPLETED');
    await expect.poll(isDone).toBe(true);
    at(clock, '2030-01-01T05:00:00Z', after);
    await expect.poll(() => decided(after, 'tick')).toEqual([...expected, '01T05:00 RUN']);
    expect(await made(after, 'tick')).toHaveLength(tasks.length + 1);
  });

  test('wait in their order while they are made up, those that come meanwhile behind them', async () => {
    const startHere = await keptDatabase();
    const clock = clockAt('2030-01-01T00:30:00Z');
    const opened = waiting();
    const jobs = [scheduled('tick', hourly('RUN_ALL'), opened)];
    await stop(await started(await startHere({ now: clock.now, jobs })));
    clock.set('2030-01-01T02:30:00Z');
    const app = await startHere({ now: clock.now, jobs });
    await expect.poll(() => decided(app, 'tick')).toEqual(['01T01:00 RUN']);
    at(clock, '2030-01-01T03:00:00Z', app);
    const planned = async () =>
      (await seen(app, 'tick')).slots.nodes.map(
        ({ slotAt, state }: Seen) => `${slotAt.slice(11, 13)} ${state}`,
      );
    await expect.poll(planned).toEqual(['04 PLANNED', '03 PLANNED', '02 PLANNED', '01 RUN']);
    opened.open();
    await expect.poll(planned).toEqual(['04 PLANNED', '03 RUN', '02 RUN', '01 RUN']);
  });

  test('are made up to a bound, and the rest is told of', async () => {
    const startHere = await keptDatabase();
    const clock = clockAt('2030-01-01T00:30:00Z');
    const opened = waiting();
    const jobs = [
      scheduled('all', hourly('RUN_ALL'), opened),
      scheduled('skip', hourly('SKIP', '* * * * *')),
    ];
    await stop(await started(await startHere({ now: clock.now, jobs })));
    clock.set('2030-01-11T00:30:30Z');
    const app = await startHere({ now: clock.now, jobs });
    await expect.poll(async () => (await made(app, 'all')).length).toBe(1);
    const states = () =>
      app.sql(
        `select schedule, state, count(*)::int as count, min(note) as note from schedule_slots group by 1, 2 order by 1, 2`,
      );
    // One schedule is decided after the other.
    await expect.poll(states).toEqual([
      {
        ...{ schedule: 'all', state: 'MISSED', count: 1 },
        note: 'at most 100 slots wait to be made up, nor are those before it, which have no rows',
      },
      { schedule: 'all', state: 'PLANNED', count: 99, note: null },
      { schedule: 'all', state: 'RUN', count: 1, note: null },
      { schedule: 'skip', state: 'MISSED', count: 101, note: expect.any(String) },
    ]);
  });

  test('before a schedule was there are none', async () => {
    const clock = clockAt('2030-01-01T00:30:00Z');
    const jobs = ['SKIP', 'RUN_ONCE', 'RUN_ALL'].map((missed) =>
      scheduled(missed, hourly(missed as JobSchedule['missed'], '* * * * *')),
    );
    const app = await start({ now: clock.now, jobs });
    await expect.poll(() => seen(app, 'SKIP')).toBeTruthy();
    app.app.services.schedules.wake();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await app.sql('select * from schedule_slots')).toEqual([]);
  });
});

/** When its schedules are written down. */
async function started(app: TestApp): Promise<TestApp> {
  await expect.poll(async () => (await app.sql('select 1 from task_schedules')).length).toBeGreaterThan(0);
  return app;
}

describe('a paused schedule', () => {
  test('makes no tasks, and what it skipped is not made up', async () => {
    const clock = clockAt('2030-01-01T00:30:00Z');
    const app = await start({ now: clock.now, jobs: [scheduled('tick', hourly('RUN_ALL'))] });
    await started(app);
    expect(await pause(app, 'tick', true)).toEqual({ paused: true, nextSlotAt: null });
    at(clock, '2030-01-01T01:00:00Z', app);
    await expect.poll(() => decided(app, 'tick')).toEqual(['01T01:00 SKIPPED']);
    at(clock, '2030-01-01T03:30:00Z');
    // What was not seen yet is decided as it was.
    expect(await pause(app, 'tick', false)).toEqual({
      paused: false,
      nextSlotAt: '2030-01-01T04:00:00.000Z',
    });
    const skipped = ['01T01:00 SKIPPED', '01T02:00 SKIPPED', '01T03:00 SKIPPED'];
    expect(await decided(app, 'tick')).toEqual(skipped);
    expect((await seen(app, 'tick')).slots.nodes[1].note).toBe('the schedule was paused');
    at(clock, '2030-01-01T04:00:00Z', app);
    await expect.poll(() => decided(app, 'tick')).toEqual([...skipped, '01T04:00 RUN']);
    expect(await made(app, 'tick')).toHaveLength(1);
  });

  test('stays so over a restart, can be triggered, and gives up what waited', async () => {
    const startHere = await keptDatabase();
    const clock = clockAt('2030-01-01T00:30:00Z');
    const opened = waiting();
    const jobs = [scheduled('tick', hourly('RUN_ALL'), opened)];
    await stop(await started(await startHere({ now: clock.now, jobs })));
    clock.set('2030-01-01T03:30:00Z');
    const app = await startHere({ now: clock.now, jobs });
    await expect.poll(() => decided(app, 'tick')).toEqual(['01T01:00 RUN']);
    await pause(app, 'tick', true);
    expect(await decided(app, 'tick')).toEqual(['01T01:00 RUN', '01T02:00 SKIPPED', '01T03:00 SKIPPED']);
    opened.open();
    await expect.poll(async () => (await made(app, 'tick'))[0]?.status).toBe('COMPLETED');
    await stop(app);
    clock.set('2030-01-01T05:30:00Z');
    const again = await startHere({ now: clock.now, jobs });
    await expect
      .poll(async () => (await decided(again, 'tick')).slice(3))
      .toEqual(['01T04:00 SKIPPED', '01T05:00 SKIPPED']);
    expect(await made(again, 'tick')).toHaveLength(1);
    expect(await trigger(again, 'tick')).toEqual({
      taskId: expect.any(String),
      type: 'tick',
      createdBy: 'tick',
    });
    await expect
      .poll(async () => (await made(again, 'tick')).map(({ status }) => status))
      .toEqual(['COMPLETED', 'COMPLETED']);
    const audited = await again.sql(
      `select action, detail from echo_audit_log where action like 'schedule.%' and tenant_id = 'default' order by id`,
    );
    expect(audited).toEqual([
      { action: 'schedule.pause', detail: { paused: true } },
      { action: 'schedule.trigger', detail: { taskId: expect.any(String) } },
    ]);
  });
});

describe('a task', () => {
  test('of a slot says which, and one that was triggered that none made it', async () => {
    const clock = clockAt('2030-01-01T00:30:00Z');
    const app = await started(await start({ now: clock.now, jobs: [scheduled('tick', hourly())] }));
    at(clock, '2030-01-01T01:00:00Z', app);
    await expect.poll(() => decided(app, 'tick')).toEqual(['01T01:00 RUN']);
    await expect.poll(async () => (await made(app, 'tick'))[0]?.status).toBe('COMPLETED');
    const { taskId } = await trigger(app, 'tick');
    app.statements.length = 0;
    const { data } = await app.graphql(
      '{ tasks(filter: { system: true, type: "tick" }) { nodes { taskId slotAt schedule { name } } } }',
    );
    const schedule = { name: 'tick' };
    expect(data.tasks.nodes).toEqual([
      { taskId, slotAt: null, schedule },
      { taskId: expect.any(String), slotAt: '2030-01-01T01:00:00.000Z', schedule },
    ]);
    expect(app.statements.filter((name) => name === 'slots_of_tasks')).toHaveLength(1);
    expect(await decided(app, 'tick')).toEqual(['01T01:00 RUN']);
  });
});

describe('the command', () => {
  test('lists, pauses, resumes and triggers', async () => {
    const clock = clockAt('2030-01-01T00:30:00Z');
    const opened = waiting();
    const app = await started(await start({ now: clock.now, jobs: [scheduled('tick', hourly(), opened)] }));
    const command = async (...args: string[]) => {
      const { code, text } = await operate(app.directory, 'schedules', args);
      return [code, text];
    };
    const line = (state: string, last: string, next: string) =>
      `tick  ${state}  0 * * * *  UTC  SKIP  last ${last}  next ${next}`;
    const [one, two] = ['2030-01-01T01:00:00.000Z', '2030-01-01T02:00:00.000Z'];
    expect(await command('list')).toEqual([0, line('ON', 'none', one)]);
    expect(await command('pause', 'tick')).toEqual([0, line('PAUSED', 'none', 'none')]);
    at(clock, one, app);
    await expect.poll(() => decided(app, 'tick')).toEqual(['01T01:00 SKIPPED']);
    expect(await command('resume', 'tick')).toEqual([0, line('ON', `${one} SKIPPED`, two)]);
    expect(await command('trigger', 'tick')).toEqual([
      0,
      expect.stringMatching(/^[0-9a-f-]{36} {2}PENDING {2}tick$/),
    ]);
    expect(await command('trigger', 'tick')).toEqual([1, expect.stringContaining('unfinished')]);
    for (const verb of ['pause', 'resume', 'trigger'])
      expect(await command(verb, 'tock')).toEqual([1, 'name: there is no schedule "tock"']);
    for (const wrong of [
      [],
      ['pause'],
      ['list', 'tick'],
      ['stop', 'tick'],
      ['pause', 'tick', 'tock'],
      ['list', '--all'],
    ])
      expect(await command(...wrong)).toEqual([2, expect.stringContaining('usage: npm run schedules')]);
  });
});

describe('another version', () => {
  test('with another cron decides what was missed by the old one, and goes on by its own', async () => {
    const startHere = await keptDatabase();
    const clock = clockAt('2030-01-01T00:30:00Z');
    await stop(await started(await startHere({ now: clock.now, jobs: [scheduled('tick', hourly())] })));
    clock.set('2030-01-01T02:30:00Z');
    const changed = { cron: '45 */2 * * *', timeZone: 'Asia/Kolkata', missed: 'SKIP' } as const;
    const app = await startHere({ now: clock.now, jobs: [scheduled('tick', changed)] });
    await expect.poll(() => decided(app, 'tick')).toEqual(['01T01:00 MISSED', '01T02:00 MISSED']);
    expect(await seen(app, 'tick')).toMatchObject({
      cron: changed.cron,
      timeZone: changed.timeZone,
      nextSlotAt: '2030-01-01T03:15:00.000Z',
    });
    at(clock, '2030-01-01T03:15:00Z', app);
    await expect.poll(async () => (await decided(app, 'tick')).at(-1)).toBe('01T03:15 RUN');
  });

  test('without the schedule shows what was, and makes nothing', async () => {
    const startHere = await keptDatabase();
    const clock = clockAt('2030-01-01T00:30:00Z');
    const before = await started(await startHere({ now: clock.now, jobs: [scheduled('gone', hourly())] }));
    at(clock, '2030-01-01T01:00:00Z', before);
    await expect.poll(() => decided(before, 'gone')).toEqual(['01T01:00 RUN']);
    await stop(before);
    const app = await startHere({ now: clock.now });
    at(clock, '2030-01-01T05:00:00Z', app);
    await app.app.services.schedules.stop();
    expect(await decided(app, 'gone')).toEqual(['01T01:00 RUN']);
    expect(await seen(app, 'gone')).toMatchObject({ declared: false, nextSlotAt: null, paused: false });
    expect(await trigger(app, 'gone')).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining('no job'),
    });
    expect(await made(app, 'gone')).toHaveLength(1);
  });

  test.each<[Partial<JobSchedule>, string]>([
    [{ cron: '* * * * * *' }, 'seconds are not taken'],
    [{ cron: '0 0 30 2 *' }, 'never comes'],
    [{ timeZone: 'Mars/Base' }, 'its time zone "Mars/Base" is no IANA name'],
  ])('that declares %j does not start', async (wrong, problem) => {
    const job = scheduled('broken', { ...hourly(), ...wrong });
    await expect(startWith(job)).rejects.toThrow(`the schedule of the job "broken": its`);
    await expect(startWith(job)).rejects.toThrow(problem);
    await expect(startWith(job)).rejects.toMatchObject({ name: 'StartupError' });
  });

  test('that schedules what needs a payload does not start', async () => {
    const job = { ...scheduled('needy', hourly()), payload: z.strictObject({ what: z.string() }) };
    await expect(startWith(job as never)).rejects.toThrow('its tasks need something in their payload');
  });
});

/** As `npm start` does it, on a database of a test. */
async function startWith(job: ReturnType<typeof scheduled>) {
  const { databaseUrl, directory } = apps[0] ?? (await start());
  const env = {
    PORT: '0',
    DATA_DIR: `${directory}/other`,
    DATABASE_URL: databaseUrl,
    LOG_LEVEL: 'silent',
    SEED: 'off',
  };
  const config = readConfig(env, directory);
  const app = await createApp(config, createLogger('silent'), {
    migrate: false,
    lists: { ...PRODUCT, jobs: [job] },
  });
  await app.close();
}

describe('a clock', () => {
  test('that is set back runs no slot twice', async () => {
    const clock = clockAt('2030-01-01T00:30:00Z');
    const app = await started(await start({ now: clock.now, jobs: [scheduled('tick', hourly('RUN_ALL'))] }));
    const done = async (count: number) => {
      await expect.poll(async () => (await decided(app, 'tick')).length).toBe(count);
      await expect
        .poll(async () => (await made(app, 'tick')).every(({ status }) => status === 'COMPLETED'))
        .toBe(true);
    };
    at(clock, '2030-01-01T01:00:00Z', app);
    await done(1);
    at(clock, '2030-01-01T02:00:00Z', app);
    await done(2);
    for (const time of ['00:59:30', '01:00:00', '01:30:00', '02:00:00', '02:00:01', '02:59:59']) {
      at(clock, `2030-01-01T${time}Z`, app);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    at(clock, '2030-01-01T03:00:00Z', app);
    await done(3);
    expect(await made(app, 'tick')).toHaveLength(3);
    expect(await decided(app, 'tick')).toEqual(['01T01:00 RUN', '01T02:00 RUN', '01T03:00 RUN']);
  });

  test('that was far ahead and is right again holds nothing up', async () => {
    const clock = clockAt('2030-01-01T00:30:00Z');
    const app = await started(await start({ now: clock.now, jobs: [scheduled('tick', hourly())] }));
    at(clock, '2036-05-05T05:30:00Z', app);
    await expect.poll(async () => (await decided(app, 'tick')).at(-1)).toBe('05T05:00 MISSED');
    at(clock, '2030-01-01T00:59:00Z', app);
    await new Promise((resolve) => setTimeout(resolve, 200));
    at(clock, '2030-01-01T01:00:00Z', app);
    const run = () => app.sql("select slot_at from schedule_slots where state = 'RUN'");
    await expect.poll(run).toEqual([{ slot_at: new Date('2030-01-01T01:00:00Z') }]);
  });
});

describe('schedules', () => {
  test('are for admins only', async () => {
    const app = await started(await start({ jobs: [scheduled('tick', hourly())] }));
    const { errors } = await app.graphql('{ schedules { name } }', {}, 'ada');
    expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    expect(await trigger(app, 'tick', 'ada')).toMatchObject({ code: 'FORBIDDEN' });
    expect(await pause(app, 'tick', true, 'ada')).toMatchObject({ code: 'FORBIDDEN' });
    expect(await pause(app, 'tock', true)).toMatchObject({
      code: 'NOT_FOUND',
      message: 'name: there is no schedule "tock"',
    });
    expect(await trigger(app, 'x'.repeat(101))).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await trigger(app, 'a\0b')).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await pause(app, '', false)).toMatchObject({ code: 'BAD_USER_INPUT' });
    // A task of a user that is called like it is none of its.
    const { data } = await app.graphql(
      'mutation { createTask(input: { type: "tick" }) { ... on CreateTaskSuccess { task { schedule { name } } } } }',
      {},
      'tick',
    );
    expect(data.createTask.task.schedule).toBeNull();
    expect(await trigger(app, 'tick')).toMatchObject({ createdBy: 'tick' });
  });

  test('of the product are there, and show their slots in pages', async () => {
    const clock = clockAt('2030-01-01T00:30:00Z');
    const app = await started(await start({ now: clock.now, schedules: true }));
    // They are written down after the start, one after the other.
    const listed = async () => (await app.graphql('{ schedules { name cron timeZone } }')).data.schedules;
    await expect.poll(listed).toEqual(
      expect.arrayContaining([
        { name: 'heartbeat', cron: '0 * * * *', timeZone: 'UTC' },
        { name: 'self_check', cron: '20 */6 * * *', timeZone: 'UTC' },
        { name: 'retention', cron: '15 3 * * *', timeZone: 'UTC' },
      ]),
    );
    await app.sql(
      `insert into schedule_slots (schedule, slot_at, state) select 'heartbeat', '2029-12-31T23:00:00Z'::timestamptz - n * interval '1 hour', 'MISSED'
       from generate_series(0, 1199) n`,
    );
    at(clock, '2030-01-01T01:00:00Z', app);
    await expect.poll(async () => (await made(app, 'heartbeat')).length).toBe(1);
    const [{ count } = { count: 0 }] = await app.sql<{ count: number }>(
      `select count(*)::int as count from schedule_slots where schedule = 'heartbeat'`,
    );
    expect(count).toBe(1_000);
    const page = async (args: string) => {
      const found = await app.graphql(
        `{ schedules { name slots(${args}) { nodes { slotAt } pageInfo { hasNextPage hasPreviousPage endCursor } } } }`,
      );
      return found.data.schedules.find(({ name }: Seen) => name === 'heartbeat').slots;
    };
    const first = await page('first: 2');
    expect(first.nodes.map(({ slotAt }: Seen) => slotAt.slice(0, 13))).toEqual([
      '2030-01-01T02',
      '2030-01-01T01',
    ]);
    const second = await page(`first: 2, after: "${first.pageInfo.endCursor}"`);
    expect(second.nodes.map(({ slotAt }: Seen) => slotAt.slice(0, 13))).toEqual([
      '2029-12-31T23',
      '2029-12-31T22',
    ]);
    expect((await page('last: 1')).nodes).toHaveLength(1);
    app.statements.length = 0;
    await app.graphql('{ schedules { name lastSlot { state task { taskId schedule { name } } } } }');
    expect(app.statements.filter((name) => /schedule|slot|tasks_by/.test(name)).sort()).toEqual([
      ...['last_slots', 'schedules', 'schedules_by_name', 'tasks_by_task_ids'],
    ]);
  });
});
