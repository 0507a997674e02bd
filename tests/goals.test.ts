import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { progressIn } from '../src/domains/goals/progress.ts';
import { checkMove, GOAL_STATUSES, type GoalStatus, MOVES } from '../src/domains/goals/status.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

const GOAL = `goalId userId description priority status deadline progress parent { goalId }
  children { goalId } history { from to at by }`;
const RESULT = `... on GoalSuccess { goal { ${GOAL} } } ... on StatusMoveRefusedError { field from to allowed }
  ... on Error { code message }`;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ env: { CANARY_INTERVAL_MS: '0' } });
});
afterAll(() => app.close());

async function mutate(field: string, variables: Record<string, unknown>, user?: string) {
  const [args, given] =
    field === 'createGoal'
      ? ['$input: GoalInput!', 'input: $input']
      : ['$goalId: ID!, $input: GoalChanges!', 'goalId: $goalId, input: $input'];
  const { data, errors } = await app.graphql(
    `mutation (${args}) { ${field}(${given}) { ${RESULT} } }`,
    variables,
    user,
  );
  return errors?.[0]?.extensions ?? data[field].goal ?? data[field];
}
const create = (input: Record<string, unknown>, user?: string) =>
  mutate('createGoal', { input: { description: 'a goal', ...input } }, user);
const update = (goalId: string, input: Record<string, unknown>, user?: string) =>
  mutate('updateGoal', { goalId, input }, user);
async function read(goalId: string, user?: string) {
  const { data } = await app.graphql(
    `query ($goalId: ID!) { goal(goalId: $goalId) { ${GOAL} } }`,
    { goalId },
    user,
  );
  return data.goal;
}
/** Goals below each other, the topmost first. */
async function chain(levels: number, user: string): Promise<string[]> {
  const ids: string[] = [];
  for (let level = 0; level < levels; level++)
    ids.push((await create({ parentId: ids.at(-1) }, user)).goalId);
  return ids;
}

describe('a goal', () => {
  test('is made, changed and read, and keeps what is not changed', async () => {
    const made = await create({ description: 'Größer 🦊' }, 'ada');
    expect(made).toMatchObject({
      ...{ userId: 'ada', description: 'Größer 🦊', priority: 'NORMAL', status: 'PROPOSED', deadline: null },
      ...{ progress: 0, parent: null, children: [] },
      history: [{ from: null, to: 'PROPOSED', by: 'ada', at: expect.any(String) }],
    });
    const deadline = '2999-01-01T00:00:00.000Z';
    const changed = { ...made, priority: 'CRITICAL', deadline };
    expect(await update(made.goalId, { priority: 'CRITICAL', deadline }, 'ada')).toEqual(changed);
    expect(await update(made.goalId, {}, 'ada')).toEqual(changed);
    expect(await update(made.goalId, { deadline: null, description: 'x' }, 'ada')).toEqual({
      ...changed,
      ...{ deadline: null, description: 'x' },
    });
    expect(await read(made.goalId, 'ada')).toMatchObject({ description: 'x', deadline: null });
    expect(await create({ status: 'ACTIVE', priority: 'HIGH' }, 'ada')).toMatchObject({
      ...{ status: 'ACTIVE', priority: 'HIGH', history: [{ from: null, to: 'ACTIVE' }] },
    });
    const audited = await app.sql<{ action: string }>(
      "select distinct action from echo_audit_log where action like 'goal.%' order by 1",
    );
    expect(audited.map(({ action }) => action)).toEqual(['goal.create', 'goal.update']);
  });

  const future = '2999-01-01T00:00:00Z';
  test.each<[Record<string, unknown>, string, string]>([
    [{ description: '' }, 'BAD_USER_INPUT', 'description: must have 1 to 2000 characters, has 0'],
    [{ description: ' \n' }, 'BAD_USER_INPUT', 'description: must not be only white space'],
    [{ description: 'é'.repeat(2_001) }, 'BAD_USER_INPUT', 'must have 1 to 2000 characters, has 2001'],
    [{ description: 'a\0' }, 'BAD_USER_INPUT', 'must not contain the NUL character'],
    [{ deadline: '2020-01-01T00:00:00Z' }, 'BAD_USER_INPUT', 'deadline: must lie ahead'],
    [{ parentId: 'no such goal' }, 'NOT_FOUND', 'parentId: there is no goal "no such goal"'],
    [{ parentId: 'a\0b', deadline: future }, 'BAD_USER_INPUT', 'must not contain the NUL character'],
  ])('refuses %j, made or changed', async (input, code, message) => {
    const made = await create({ description: 'kept' }, 'ben');
    const problem = { code, message: expect.stringContaining(message) };
    expect(await create(input, 'ben')).toMatchObject(problem);
    expect(await update(made.goalId, input, 'ben')).toMatchObject(problem);
    expect(await read(made.goalId, 'ben')).toMatchObject({ description: 'kept', deadline: null });
  });

  test.each([
    [{ status: 'ACHIEVED' }, 'status: must be PROPOSED or ACTIVE'],
    [{ priority: 3 }, 'priority'],
    [{ status: 'DONE' }, 'DONE'],
    [{ deadline: '10000-01-01T00:00:00Z' }, 'deadline'],
  ])('cannot be made with %j', async (input, message) => {
    const { data, errors } = await app.graphql(
      `mutation ($input: GoalInput!) { createGoal(input: $input) { ${RESULT} } }`,
      { input: { description: 'x', ...input } },
    );
    expect(errors?.[0]?.message ?? data.createGoal.message).toContain(message);
  });

  test('is its user’s own; who may act for others reaches those of the tenant', async () => {
    const { goalId } = await create({}, 'cid');
    expect(await read(goalId, 'dora')).toBeNull();
    expect(await read('no such goal', 'dora')).toBeNull();
    expect(await update(goalId, { description: 'x' }, 'dora')).toMatchObject({ code: 'NOT_FOUND' });
    expect(await create({ parentId: goalId }, 'dora')).toMatchObject({ code: 'NOT_FOUND' });
    expect(await read(goalId, '@other:root')).toBeNull();
    expect(await update(goalId, {}, '@other:root')).toMatchObject({ code: 'NOT_FOUND' });
    // A part belongs to the same user, also where an admin sees both.
    expect(await create({ parentId: goalId })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await create({ parentId: goalId, userId: 'cid' })).toMatchObject({
      userId: 'cid',
      parent: { goalId },
    });
    expect(await create({ userId: 'cid' }, 'dora')).toMatchObject({ code: 'FORBIDDEN' });
    expect(await update(goalId, { status: 'ACTIVE' })).toMatchObject({
      history: [{ by: 'cid' }, { from: 'PROPOSED', to: 'ACTIVE', by: 'default' }],
    });
  });
});

describe('a status', () => {
  test('moves as the table says, and no other way', () => {
    for (const from of GOAL_STATUSES)
      for (const to of GOAL_STATUSES) {
        const move = () => checkMove(from, to);
        if (MOVES[from].includes(to)) expect(move).not.toThrow();
        else
          expect(move).toThrow(
            expect.objectContaining({ code: 'STATUS_MOVE_REFUSED', from, to, allowed: MOVES[from] }),
          );
      }
  });

  test('that is refused names from, to and what is allowed, and changes nothing', async () => {
    const { goalId } = await create({}, 'eli');
    expect(await update(goalId, { status: 'ACHIEVED', description: 'x' }, 'eli')).toEqual({
      ...{ code: 'STATUS_MOVE_REFUSED', field: 'status', from: 'PROPOSED', to: 'ACHIEVED' },
      allowed: ['ACTIVE', 'ABANDONED'],
      message: 'status: it cannot go from PROPOSED to ACHIEVED, only to ACTIVE, ABANDONED',
    });
    expect(await read(goalId, 'eli')).toMatchObject({ description: 'a goal', history: [{ to: 'PROPOSED' }] });
    const way: GoalStatus[] = ['ACTIVE', 'BLOCKED', 'ACTIVE', 'ACHIEVED', 'ACTIVE', 'ABANDONED', 'PROPOSED'];
    for (const status of way) expect(await update(goalId, { status }, 'eli')).toMatchObject({ status });
    // The same again is no move.
    await update(goalId, { status: 'PROPOSED' }, 'eli');
    const { history } = await read(goalId, 'eli');
    expect(history.map(({ from, to }: { from: string; to: string }) => [from, to])).toEqual(
      [...(['PROPOSED', ...way] as const).entries()].map(([at, to], _index, all) => [
        all[at - 1]?.[1] ?? null,
        to,
      ]),
    );
  });

  test('that several change at once goes one way after the other', async () => {
    const { goalId } = await create({ status: 'ACTIVE' }, 'flo');
    const wanted: GoalStatus[] = ['BLOCKED', 'ACHIEVED', 'ABANDONED', 'BLOCKED', 'ACHIEVED', 'ABANDONED'];
    await Promise.all(wanted.map((status) => update(goalId, { status }, 'flo')));
    const { history, status } = await read(goalId, 'flo');
    const moves = history as { from: GoalStatus | null; to: GoalStatus }[];
    for (const [at, { from, to }] of moves.entries()) {
      expect(from).toBe(moves[at - 1]?.to ?? null);
      if (from) expect(MOVES[from]).toContain(to);
    }
    expect(moves.at(-1)?.to).toBe(status);
  });
});

describe('goals that are parts of goals', () => {
  const CIRCLE = 'a goal cannot be a part of itself or of one of its parts';

  test('make no circle', async () => {
    const user = 'gil';
    const ids = await chain(4, user);
    for (const below of ids)
      expect(await update(ids[0] ?? '', { parentId: below }, user)).toMatchObject({
        ...{ code: 'BAD_USER_INPUT', message: `parentId: ${CIRCLE}` },
      });
    // Upwards and aside they may go.
    expect(await update(ids[3] ?? '', { parentId: ids[0] }, user)).toMatchObject({
      parent: { goalId: ids[0] },
    });
    expect(await update(ids[2] ?? '', { parentId: null }, user)).toMatchObject({ parent: null });
    expect(await update(ids[0] ?? '', { parentId: ids[2] }, user)).toMatchObject({
      parent: { goalId: ids[2] },
    });
    expect(
      (await read(ids[0] ?? '', user)).children.map((child: { goalId: string }) => child.goalId),
    ).toEqual([ids[1], ids[3]]);
  });

  test('make none either when two changes come at once', async () => {
    const user = 'hal';
    for (let round = 0; round < 8; round++) {
      const [{ goalId: one }, { goalId: two }] = [await create({}, user), await create({}, user)];
      const done = await Promise.all([
        update(one, { parentId: two }, user),
        update(two, { parentId: one }, user),
      ]);
      expect(done.map((each) => each.message ?? 'moved').sort()).toEqual(['moved', `parentId: ${CIRCLE}`]);
    }
  });

  test('lie at most eight levels deep', async () => {
    const user = 'ida';
    const ids = await chain(8, user);
    const tooDeep = {
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining('at most 8 levels deep, would lie 9'),
    };
    expect(await create({ parentId: ids[7] }, user)).toMatchObject(tooDeep);
    // With what hangs below them.
    const [top = ''] = await chain(2, user);
    expect(await update(top, { parentId: ids[6] }, user)).toMatchObject(tooDeep);
    expect(await update(top, { parentId: ids[5] }, user)).toMatchObject({ parent: { goalId: ids[5] } });
  });

  test('are at most fifty of one, and a thousand of a user', async () => {
    const user = 'jon';
    const { goalId } = await create({}, user);
    await app.sql(
      `insert into autonomous_goals (user_id, goal_id, description, parent)
       select user_id, gen_random_uuid(), 'part', id from autonomous_goals, generate_series(1, 50) where goal_id = $1`,
      [goalId],
    );
    expect(await create({ parentId: goalId }, user)).toMatchObject({
      message: 'parentId: a goal has at most 50 parts',
    });
    await app.sql(
      `insert into autonomous_goals (user_id, goal_id, description)
       select $1, gen_random_uuid(), 'many' from generate_series(1, 948)`,
      [user],
    );
    const { goalId: last } = await create({}, user);
    expect(last).toBeDefined();
    expect(await create({}, user)).toMatchObject({ message: 'input: a user has at most 1,000 goals' });
    expect(await update(last, { description: 'still changes' }, user)).toMatchObject({
      description: 'still changes',
    });
  });
});

describe('progress', () => {
  const goal = (
    id: number,
    parent: number | null,
    status: GoalStatus = 'ACTIVE',
    [completed, tasks] = [0, 0],
  ) => ({
    ...{ id, parent, status, completed, tasks },
  });

  test.each([
    ['of a goal without parts', [goal(1, null)], 0],
    ['of an achieved one', [goal(1, null, 'ACHIEVED'), goal(2, 1)], 1],
    [
      'is the mean over its parts',
      [goal(1, null), goal(2, 1, 'ACHIEVED'), goal(3, 1), goal(4, 1), goal(5, 1)],
      0.25,
    ],
    ['leaves out what was abandoned', [goal(1, null), goal(2, 1, 'ACHIEVED'), goal(3, 1, 'ABANDONED')], 1],
    ['counts nothing where all was abandoned', [goal(1, null), goal(3, 1, 'ABANDONED')], 0],
    [
      'counts each part with its own',
      [goal(1, null), goal(2, 1), goal(3, 2, 'ACHIEVED'), goal(4, 2), goal(5, 1, 'BLOCKED')],
      0.25,
    ],
    ['counts tasks, too', [goal(1, null, 'ACTIVE', [1, 3]), goal(2, 1, 'ACHIEVED')], 0.5],
    ['of tasks alone', [goal(1, null, 'ACTIVE', [2, 2])], 1],
    ['whatever order they come in', [goal(4, 2), goal(3, 2, 'ACHIEVED'), goal(2, 1), goal(1, null)], 0.5],
  ])('%s', (_name, tree, expected) => {
    expect(progressIn(tree).get(1)).toBe(expected);
  });
});

describe('lists', () => {
  const LIST = `query ($filter: GoalFilter, $after: String, $first: Int) { goals(filter: $filter, first: $first, after: $after) {
    nodes { goalId description progress parent { goalId } children { goalId progress } history { to } } pageInfo { hasNextPage endCursor } } }`;
  const list = async (user: string, variables: Record<string, unknown> = {}, caller: string | null = user) =>
    (await app.graphql(LIST, variables, caller ?? undefined)).data.goals;
  const named = (page: { nodes: { description: string }[] }) =>
    page.nodes.map(({ description }) => description);

  test('come newest first, in pages, by conditions, with few statements', async () => {
    const user = 'kai';
    const { goalId: top } = await create({ description: 'top', status: 'ACTIVE' }, user);
    for (const description of ['a', 'b', 'c', 'd'])
      await create({ description, parentId: top, status: 'ACTIVE', priority: 'HIGH' }, user);
    const { goalId: other } = await create({ description: 'other' }, user);
    expect(named(await list(user))).toEqual(['other', 'd', 'c', 'b', 'a', 'top']);
    const first = await list(user, { first: 4 });
    expect(named(first)).toEqual(['other', 'd', 'c', 'b']);
    expect(named(await list(user, { first: 4, after: first.pageInfo.endCursor }))).toEqual(['a', 'top']);
    for (const [filter, expected] of [
      [{ status: 'PROPOSED' }, ['other']],
      [{ priority: 'HIGH' }, ['d', 'c', 'b', 'a']],
      [{ parentId: top }, ['d', 'c', 'b', 'a']],
      [{ parentId: other }, []],
      [{ parentId: 'no such goal' }, []],
      [{ topLevel: true }, ['other', 'top']],
      [{ topLevel: true, status: 'ACTIVE' }, ['top']],
    ] as const)
      expect([filter, named(await list(user, { filter }))]).toEqual([filter, expected]);
    expect(named(await list(user, { filter: { userId: user } }, null))).toHaveLength(6);
    expect(named(await list('lea'))).toEqual([]);
    const ofAnother = await app.graphql(LIST, { filter: { userId: user } }, 'lea');
    expect(ofAnother.errors?.[0]?.extensions.code).toBe('FORBIDDEN');

    await update(
      (await list(user, { filter: { parentId: top } })).nodes[0].goalId,
      { status: 'ACHIEVED' },
      user,
    );
    app.statements.length = 0;
    const page = await list(user);
    const sent = app.statements.filter((name) => name.includes('goal'));
    expect(page.nodes.at(-1)).toMatchObject({ progress: 0.25, children: [{}, {}, {}, { progress: 1 }] });
    // The page, parents, parts, moves; progress of the page and of the parts.
    expect(sent.length).toBeLessThanOrEqual(6);
  });

  test('are given to programs of the older service, too', async () => {
    const user = 'mia';
    const { goalId } = await create({ description: 'older', status: 'ACTIVE', priority: 'LOW' }, user);
    const part = await create({ description: 'part', parentId: goalId, status: 'ACTIVE' }, user);
    await update(part.goalId, { status: 'ACHIEVED' }, user);
    const get = async (query = '', caller = user) =>
      (await fetch(`${app.url}/api/echo/goals${query}`, { headers: { 'x-test-user': caller } })).json();
    expect(await get()).toMatchObject({
      goals: [
        {
          id: part.goalId,
          description: 'part',
          status: 'ACHIEVED',
          priority: 'NORMAL',
          progress: 1,
          parent_id: goalId,
        },
        { id: goalId, status: 'ACTIVE', priority: 'LOW', progress: 1, parent_id: null, deadline: null },
      ],
      total: 2,
      timestamp: expect.any(String),
    });
    expect(await get('', 'nina')).toMatchObject({ goals: [], total: 0 });
    expect(await get(`?user_id=${user}`, 'nina')).toMatchObject({ error_code: 'FORBIDDEN' });
  });

  test('cost what they may bring', async () => {
    const deep = 'children { parent { children { parent { children { goalId } } } } }';
    const { errors } = await app.graphql(`{ goals { nodes { ${deep} } } }`);
    expect(errors?.[0]?.extensions.code).toBe('QUERY_TOO_COMPLEX');
  });
});

describe('tasks of a goal', () => {
  const TASK = 'taskId status goal { goalId }';
  const createTask = async (input: Record<string, unknown>, user: string) => {
    const { data, errors } = await app.graphql(
      `mutation ($input: CreateTaskInput!) { createTask(input: $input) { ... on CreateTaskSuccess { task { ${TASK} } }
        ... on Error { code message } } }`,
      // Far ahead, so that none begins.
      { input: { type: 'heartbeat', scheduledFor: new Date(Date.now() + 86_400_000), ...input } },
      user,
    );
    expect(errors).toBeUndefined();
    return data.createTask.task ?? data.createTask;
  };

  test('are made for one of its user’s, listed, counted, exported, and go without it', async () => {
    const user = '@default:quin';
    const { goalId } = await create({ status: 'ACTIVE' }, user);
    const { goalId: other } = await create({}, user);
    const { goalId: foreign } = await create({}, 'rex');
    expect(await createTask({ goalId: 'a\0b' }, user)).toMatchObject({ code: 'BAD_USER_INPUT' });
    for (const id of [foreign, 'no such goal'])
      expect(await createTask({ goalId: id }, user)).toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringContaining('goalId: there is no goal'),
      });
    const made: string[] = [];
    for (let n = 0; n < 4; n++) {
      const task = await createTask({ goalId }, user);
      expect(task).toMatchObject({ status: 'PENDING', goal: { goalId } });
      made.unshift(task.taskId);
    }
    expect(await createTask({}, user)).toMatchObject({ goal: null });
    await app.sql("update autonomous_tasks set status = 'COMPLETED' where task_id = $1", [made[0]]);
    await app.sql("update autonomous_tasks set status = 'CANCELLED' where task_id = $1", [made[1]]);
    app.statements.length = 0;
    const { data } = await app.graphql(
      `query ($id: ID!) { tasks(filter: { goalId: $id }) { nodes { ${TASK} } }
        goals { nodes { goalId progress tasks(first: 3) { nodes { ${TASK} } pageInfo { hasNextPage } } } } }`,
      { id: goalId },
      user,
    );
    const taskIds = (nodes: { taskId: string }[]) => nodes.map(({ taskId }) => taskId);
    expect(taskIds(data.tasks.nodes)).toEqual(made);
    const byId = Object.fromEntries(data.goals.nodes.map((node: { goalId: string }) => [node.goalId, node]));
    expect(byId[goalId].progress).toBeCloseTo(1 / 3, 9);
    expect(taskIds(byId[goalId].tasks.nodes)).toEqual(made.slice(0, 3));
    expect(byId[goalId].tasks.pageInfo.hasNextPage).toBe(true);
    expect(byId[other].tasks.nodes).toEqual([]);
    expect(app.statements.filter((name) => name.startsWith('tasks_of_goals'))).toHaveLength(1);

    const lines: string[] = (await app.graphql('{ exportUser { lines } }', {}, user)).data.exportUser.lines;
    expect(lines.filter((line) => line.includes('"kind":"task"') && line.includes(goalId))).toHaveLength(4);
    await app.sql('delete from autonomous_goals where goal_id = $1', [goalId]);
    await app.sql('delete from autonomous_tasks where task_id = $1', [made[3]]);
    const left = await app.sql('select goal from autonomous_tasks where task_id = $1', [made[2]]);
    expect(left).toEqual([{ goal: null }]);
    const restored = await app.graphql(
      'mutation ($lines: [String!]!) { restoreUser(lines: $lines) { __typename ... on Error { message } } }',
      { lines },
      user,
    );
    expect(restored.data.restoreUser.message).toBeUndefined();
    const again = await app.sql<{ goal_id: string }>(
      'select g.goal_id from autonomous_tasks t join autonomous_goals g on g.id = t.goal where t.task_id = $1',
      [made[3]],
    );
    expect(again).toEqual([{ goal_id: goalId }]);
  });
});

test('goals go with exports, restores and erasures', async () => {
  const user = 'olga';
  const [top = '', part = ''] = await chain(3, user);
  await update(top, { status: 'ACTIVE', deadline: '2999-12-31T23:59:59.999Z', priority: 'LOW' }, user);
  await update(part, { status: 'ABANDONED' });
  // A part that is older than what it is a part of.
  const { goalId: late } = await create({ description: 'made last' }, user);
  await update(top, { parentId: late }, user);
  const exported = async (first = 500) => {
    const lines: string[] = [];
    for (let after: string | null = null; ; ) {
      const { data } = await app.graphql(
        'query ($after: String, $first: Int) { exportUser(after: $after, first: $first) { lines next } }',
        { after, first },
        user,
      );
      lines.push(...data.exportUser.lines);
      after = data.exportUser.next;
      if (after === null) return lines.filter((line) => line.includes('"kind":"goal"'));
    }
  };
  const lines = await exported();
  expect(lines).toHaveLength(4);
  expect(await exported(1)).toEqual(lines);
  const restore = async (some: readonly string[], caller = user) => {
    const { data, errors } = await app.graphql(
      'mutation ($lines: [String!]!) { restoreUser(lines: $lines) { __typename ... on Error { message } } }',
      { lines: some },
      caller,
    );
    return errors?.[0]?.message ?? data.restoreUser.message ?? 'restored';
  };
  expect(await restore(lines)).toBe('restored');
  expect(await exported()).toEqual(lines);
  await app.sql("delete from autonomous_goals where user_id = 'olga'");
  expect(await restore(lines.slice(1))).toContain('must come first');
  expect(await restore(lines, 'paul')).toContain('goes back to the user and tenant that it came from');
  for (const line of lines) expect(await restore([line])).toBe('restored');
  expect(await exported()).toEqual(lines);
  expect(await read(part, user)).toMatchObject({
    ...{ status: 'ABANDONED', parent: { goalId: top } },
    history: [{ from: null }, { from: 'PROPOSED', to: 'ABANDONED', by: 'default' }],
  });
  const { data } = await app.graphql(
    'mutation { eraseUser(confirm: "olga") { ... on EraseUserSuccess { receipt } } }',
    {},
    user,
  );
  expect(data.eraseUser.receipt).toMatchObject({ erased: { goals: 4 }, left: { goals: 0 } });
  expect(await app.sql("select 1 from autonomous_goal_moves where user_id = 'olga'")).toEqual([]);
  expect(await restore(lines)).not.toBe('restored');
});
