import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { overServerSentEvents, overWebSocket, take } from './support/streams.ts';
import { runTask, untilTask } from './support/tasks.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

/** Lets what has been kept for long enough go. @returns the result of the task */
async function retain(at: TestApp = app, dryRun = false) {
  const { taskId } = await runTask(at, { type: 'retention', payload: { dryRun } });
  return (await untilTask(at, taskId, 'COMPLETED')).result;
}

const ADDED = `subscription ($after: ID) { interactionAdded(after: $after) { cursor interaction { query } } }`;
const CHANGED = `subscription ($after: ID) { taskChanged(after: $after) { cursor task { taskId } } }`;
const ACTIVITY = `subscription ($after: ID) { activity(after: $after) { cursor } }`;

/** The cursors of the next events while something is done. */
async function cursorsOf(query: string, field: string, count: number, work: () => Promise<unknown>) {
  const taking = take(overWebSocket(app.connect(), query, { after: null }), count);
  await expect.poll(() => app.statements.includes('events_latest')).toBe(true);
  await work();
  return (await taking).map(({ data }) => data[field].cursor as string);
}

const makeOld = () =>
  app.sql("update echo_events set at = now() - interval '31 days' where at > now() - interval '1 day'");

/** Nothing goes before it can be read, and a transaction of any database beside this one may be older than all that is here. */
const untilReadable = () =>
  expect
    .poll(() =>
      app.sql("select from echo_events where at < now() - interval '30 days' and xid >= echo_horizon()"),
    )
    .toEqual([]);

describe('events', () => {
  test('go when they are old, and whoever resumes before them is told which cursor works', async () => {
    const [first = ''] = await cursorsOf(ADDED, 'interactionAdded', 2, () =>
      app.record('old', ['said long ago', 'and this']),
    );
    const [task = ''] = await cursorsOf(CHANGED, 'taskChanged', 2, () => runTask(app, { type: 'heartbeat' }));
    await expect
      .poll(async () => (await app.sql("select from echo_events where kind = 'activity'")).length)
      .toBeGreaterThan(1);
    const [{ cursor: line, place }] = (await activity({ last: 1 })) as [{ cursor: string; place: string }];
    await makeOld();
    const [last] = await cursorsOf(ADDED, 'interactionAdded', 1, () => app.record('new', ['said just now']));
    await app.record('new', ['and after that']);
    await untilReadable();

    expect((await retain(app, true)).events).toBeGreaterThan(3);
    expect((await take(overWebSocket(app.connect(), ADDED, { after: first }), 1))[0]?.errors).toBeUndefined();
    expect((await retain()).events).toBeGreaterThan(3);
    expect(await app.sql("select from echo_events where at < now() - interval '30 days'")).toEqual([]);

    for (const [query, after] of [
      [ADDED, first],
      [CHANGED, task],
      [ACTIVITY, line],
    ] as const) {
      const [socket] = await take(overWebSocket(app.connect(), query, { after }));
      const [stream] = await take(overServerSentEvents(app, query, { after }));
      for (const told of [socket, stream])
        expect(told?.errors?.[0], query).toMatchObject({
          extensions: { code: 'CURSOR_EXPIRED', retryable: false, cursor: expect.any(String) },
        });
    }
    const [expired] = await take(overWebSocket(app.connect(), ADDED, { after: first }));
    const oldest = expired?.errors?.[0]?.extensions.cursor;
    const left = await take(overWebSocket(app.connect(), ADDED, { after: oldest }), 2);
    expect(left.map(({ data }) => data.interactionAdded.interaction.query)).toEqual([
      'said just now',
      'and after that',
    ]);
    const [next] = await take(overWebSocket(app.connect(), ADDED, { after: last }), 1);
    expect(next?.data.interactionAdded.interaction.query).toBe('and after that');
    await expect(activity({ first: 5, after: place })).rejects.toThrow('CURSOR_EXPIRED');
    await expect(activity({ last: 5, before: place })).rejects.toThrow('CURSOR_EXPIRED');
    expect((await activity({ first: 5 })).length).toBeGreaterThan(0);
  });

  test('go in the order in which they are read, up to the first that stays, some in each transaction', async () => {
    // All at once: what the server tells of the tests before comes after these, and not between.
    await app.sql(`lock table echo_events in share row exclusive mode; delete from echo_events;
      insert into echo_events (kind, user_id, at)
      select 'alert', 'ada', now() - case when n = 11000 then interval '1 day' else interval '40 days' end
      from generate_series(1, 11002) n`);
    await untilReadable();
    const { events } = await retain();
    expect(events).toBe(10_999);
    const left = await app.sql(
      "select at < now() - interval '30 days' as old from echo_events where kind = 'alert' order by id",
    );
    expect(left).toEqual([{ old: false }, { old: true }, { old: true }]);
  });
});

/** Lines: where each stands in the list, and in the subscription. */
async function activity(page: object): Promise<{ place: string; cursor: string }[]> {
  const { data, errors } = await app.graphql(
    `query ($first: Int, $after: String, $last: Int, $before: String) {
      activity(first: $first, after: $after, last: $last, before: $before) { edges { cursor node { cursor } } } }`,
    { ...page },
  );
  if (errors) throw new Error(String(errors[0]?.extensions.code));
  return data.activity.edges.map(({ cursor, node }: { cursor: string; node: { cursor: string } }) => ({
    place: cursor,
    cursor: node.cursor,
  }));
}

describe('finished tasks', () => {
  test('go with their attempts and steps when they are old; what waits, and what is of a goal, stays', async () => {
    const ended = async (input: object) => {
      const { taskId } = await runTask(app, { type: 'heartbeat', ...input });
      return (await untilTask(app, taskId, 'COMPLETED')).taskId;
    };
    const { data } = await app.graphql(
      'mutation { createGoal(input: { description: "be healthy" }) { ... on GoalSuccess { goal { goalId } } } }',
    );
    const old = await ended({});
    const ofGoal = await ended({ goalId: data.createGoal.goal.goalId });
    const recent = await ended({});
    const inAYear = new Date(Date.now() + 300 * 86_400_000).toISOString();
    const { taskId: waits } = await runTask(app, { type: 'heartbeat', scheduledFor: inAYear });
    await app.sql(
      `update autonomous_tasks set completed_at = case when completed_at is not null then now() - interval '91 days' end,
         created_at = now() - interval '200 days' where task_id = any($1)`,
      [[old, ofGoal, waits]],
    );
    await app.sql(
      "insert into task_steps (task, step, attempt, result) select id, 'a step', 1, '1' from autonomous_tasks where task_id = $1",
      [old],
    );
    expect((await retain(app, true)).rows.autonomous_tasks).toBe(1);
    expect((await retain()).rows).toMatchObject({ autonomous_tasks: 1, echo_audit_log: 0 });
    const left = await app.sql<{ id: string }>(
      'select task_id as id from autonomous_tasks where task_id = any($1) order by autonomous_tasks.id',
      [[old, ofGoal, recent, waits]],
    );
    expect(left.map(({ id }) => id)).toEqual([ofGoal, recent, waits]);
    const orphans = await app.sql(
      `select from task_attempts where task not in (select id from autonomous_tasks)
       union all select from task_steps where task not in (select id from autonomous_tasks)`,
    );
    expect(orphans).toEqual([]);
  });

  test('are for admins to let go', async () => {
    const { errors } = await app.graphql(
      'mutation { createTask(input: { type: "retention" }) { __typename } }',
      {},
      'ada',
    );
    expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });
});

describe('turns', () => {
  const OLD = `update only echo_unified_interactions set created_at = timestamp where user_id = 'default'`;
  const turn = {
    query: 'said two years ago',
    timestamp: new Date(Date.now() - 730 * 86_400_000).toISOString(),
  };

  test('stay where they are unless the operator says after how many months they are archived', async () => {
    await app.record('years', [turn]);
    await app.sql(OLD);
    expect((await retain()).archived).toBeNull();
    expect(await app.sql('select from echo_unified_interactions_archive')).toEqual([]);
  });

  test('go into the archive where the operator says so', async () => {
    const own = await startTestApp({ env: { ARCHIVE_AFTER_MONTHS: '12' } });
    try {
      await own.record('years', [turn, 'said now']);
      await own.sql(OLD);
      expect((await retain(own, true)).archived).toMatchObject({ dryRun: true, turns: 1 });
      await own.sql("update only echo_unified_interactions set created_at = now() where query = 'said now'");
      expect((await retain(own)).archived).toMatchObject({ dryRun: false, turns: 1, conversations: 1 });
      expect(await own.sql('select from echo_unified_interactions_archive')).toHaveLength(1);
    } finally {
      await own.close();
    }
  });
});
