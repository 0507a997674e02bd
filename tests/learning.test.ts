import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { learn as learnFacts } from './support/facts.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { learning } from './support/learning.ts';
import { runTask, untilTask } from './support/tasks.ts';

let app: TestApp;
let seen: ReturnType<typeof learning>;
beforeAll(async () => {
  app = await startTestApp();
  seen = learning(app);
});
afterAll(() => app.close());

const at = (day: number) => new Date(Date.UTC(2024, 0, day)).toISOString();

test('turns are learned from once, and a run says what came of them', async () => {
  const turns = await app.record(
    'moves',
    [
      { query: 'I live in Lisbon.', timestamp: at(1) },
      { query: 'What is the weather like?', timestamp: at(2) },
      { query: 'I live in Porto now.', timestamp: at(3) },
    ],
    'ada',
  );
  expect(await seen.status('ada')).toMatchObject({ turnsWaiting: 3, lastRun: null });
  const { result, runs } = await seen.learn('ada');
  expect(result).toMatchObject({ turns: 3, added: 2, merged: 0, superseded: 1, refused: 0, left: 0 });
  expect(runs).toEqual([
    expect.objectContaining({
      ...{ turnsSeen: 3, added: 2, merged: 0, superseded: 1, refused: 0, failedBatches: 0, modelUsed: null },
      ...{ tokensIn: null, tokensOut: null, cost: null, refusals: [], endedAt: expect.any(String) },
    }),
  ]);
  expect(await seen.status('ada')).toMatchObject({
    ...{ turnsWaiting: 0, oldestWaitingSeconds: 0, lastRun: { runId: runs[0]?.runId } },
  });
  const [porto] = await seen.facts('ada');
  expect(porto).toMatchObject({
    ...{ predicate: 'lives_in', object: 'Porto', origin: 'RULES', status: 'ACTIVE' },
    sources: [
      { field: 'QUERY', quote: expect.stringContaining('Porto'), interaction: { turnId: turns[2]?.turnId } },
    ],
    supersedes: [{ object: 'Lisbon' }],
    changes: [{ kind: 'ADDED', by: 'rules', runId: runs[0]?.runId }],
  });
  // Nothing waits: there is no further run.
  const again = await seen.learn('ada');
  expect(again.result).toMatchObject({ turns: 0, added: 0 });
  expect(again.runs).toHaveLength(1);
});

test('quotes are the words of the turn, at their place in code points', async () => {
  const query = '🦊🦊 Well: I live in Lisbon, 👩‍👩‍👧 and all.';
  await app.record('emoji', [query], 'bea');
  await seen.learn('bea');
  const [fact] = await seen.facts('bea');
  const { quote, start, end } = fact.sources[0];
  expect([...query].slice(start, end).join('')).toBe(quote);
});

test('turns of the version before wait, too', async () => {
  await app.record('old', ['I live in Lisbon.'], 'cy');
  await app.sql("update echo_unified_interactions set learning_since = now() where user_id = 'cy'");
  const [row] = await app.sql("select learning_state from echo_unified_interactions where user_id = 'cy'");
  expect(row).toEqual({ learning_state: 'PENDING' });
});

test('what was imported today does not overwrite what was said later', async () => {
  await app.record('now', [{ query: 'I live in Porto.', timestamp: at(20) }], 'dan');
  await seen.learn('dan');
  await app.record('then', [{ query: 'I live in Lisbon.', timestamp: at(1) }], 'dan');
  await seen.learn('dan');
  expect((await seen.facts('dan')).map(({ object }) => object)).toEqual(['Porto']);
});

test('what one no longer does ends', async () => {
  await app.record(
    'ends',
    [
      { query: 'I live in Lisbon.', timestamp: at(1) },
      { query: 'I no longer live in Lisbon.', timestamp: at(9) },
    ],
    'eve',
  );
  await seen.learn('eve');
  const all = await seen.facts('eve', { status: null });
  expect(all.map(({ object, negated, status }) => [object, negated, status])).toEqual([
    ['Lisbon', true, 'ACTIVE'],
    ['Lisbon', false, 'SUPERSEDED'],
  ]);
});

test('a secret is refused, and what it says is told nowhere', async () => {
  const [turn] = await app.record('secret', ['My password is hunter2hunter2.'], 'flo');
  const { runs } = await seen.learn('flo');
  expect(runs).toEqual([expect.objectContaining({ turnsSeen: 1, added: 0, refused: 1 })]);
  expect(runs[0]?.refusals).toEqual([
    { interaction: { turnId: turn?.turnId }, field: 'QUERY', reason: 'password', count: 1 },
  ]);
  const stored = await app.sql('select r::text from learning_refusals r');
  expect(JSON.stringify(stored)).not.toContain('hunter2');
});

describe('a task', () => {
  test('of a user is the caller’s own', async () => {
    await app.record('one', ['I like tea.'], 'gil');
    await app.record('one', ['I like tea.'], 'hal');
    await seen.learn('gil');
    expect(await seen.facts('hal')).toEqual([]);
    expect(await seen.status('hal')).toMatchObject({ turnsWaiting: 1, lastRun: null });
    expect((await seen.facts('gil')).map(({ object }) => object)).toEqual(['tea']);
    expect(await seen.runs('hal')).toEqual([]);
  });

  test('of an admin learns from everybody’s turns, and an admin sees how far that is', async () => {
    await app.record('admins', ['I like cocoa.'], 'kim');
    const { data: before } = await app.graphql('{ learningStatus { turnsWaiting } }');
    expect(before.learningStatus.turnsWaiting).toBeGreaterThan(0);
    const { data } = await app.graphql(
      'mutation { runLearning { ... on CreateTaskSuccess { task { taskId } } ... on Error { message } } }',
    );
    await untilTask(app, data.runLearning.task.taskId, 'COMPLETED');
    expect((await seen.facts('kim')).map(({ object }) => object)).toEqual(['cocoa']);
    const { data: after } = await app.graphql(
      '{ learningStatus { turnsWaiting } learningRuns { nodes { userId } } }',
    );
    expect(after.learningStatus.turnsWaiting).toBe(0);
    expect(after.learningRuns.nodes).toContainEqual({ userId: 'kim' });
    expect(await seen.status('kim')).toMatchObject({ turnsWaiting: 0 });
    expect((await seen.runs('kim')).length).toBe(1);
  });

  test('of the server learns from everybody’s turns, with a run for each user', async () => {
    await app.record('all', ['I like coffee.'], 'ivy');
    await app.sql(
      "insert into echo_user_settings (user_id, tenant_id, time_zone) values ('ivy', 'default', 'Asia/Tokyo')",
    );
    expect(await seen.learnAll()).toMatchObject({ left: 0 });
    for (const user of ['hal', 'ivy']) {
      expect(await seen.runs(user)).toHaveLength(1);
      expect(await seen.status(user)).toMatchObject({ turnsWaiting: 0 });
    }
  });
});

test('a turn that is deleted before it is learned from says nothing, and one that is deleted later takes its facts along', async () => {
  const turns = await app.record('gone', ['I live in Lisbon.', 'I like tea.'], 'jan');
  await app.graphql(
    'mutation ($id: ID!) { deleteInteraction(turnId: $id) { __typename } }',
    { id: turns[0]?.turnId },
    'jan',
  );
  await seen.learn('jan');
  expect((await seen.facts('jan')).map(({ object }) => object)).toEqual(['tea']);
  await app.graphql(
    'mutation ($id: ID!) { deleteInteraction(turnId: $id) { __typename } }',
    { id: turns[1]?.turnId },
    'jan',
  );
  expect(await seen.facts('jan')).toEqual([]);
});

test('turns in the archive are learned from, too', async () => {
  await app.record('old', [{ query: 'I like old maps.', timestamp: '2001-01-01T00:00:00Z' }], 'uri');
  // A turn that is worked on stays where it is.
  const isEmbedding = "select from echo_unified_interactions where vector_state <> 'EMBEDDED'";
  await expect.poll(() => app.sql(isEmbedding)).toEqual([]);
  await app.sql("update echo_unified_interactions set created_at = timestamp where user_id = 'uri'");
  const { taskId } = await runTask(app, { type: 'archive_interactions' }, 'uri');
  await untilTask(app, taskId, 'COMPLETED', 'uri');
  expect(await app.sql("select from echo_unified_interactions_archive where user_id = 'uri'")).toHaveLength(
    1,
  );
  const { result } = await seen.learn('uri');
  expect(result).toMatchObject({ turns: 1, added: 1 });
  // Brought back, they are not learned from once more.
  const restored = await app.graphql(
    'mutation { restoreArchived(conversationId: "old") { ... on CreateTaskSuccess { task { taskId } } } }',
    {},
    'uri',
  );
  await untilTask(app, restored.data.restoreArchived.task.taskId, 'COMPLETED', 'uri');
  expect(await app.sql("select from echo_unified_interactions_archive where user_id = 'uri'")).toEqual([]);
  expect(await seen.status('uri')).toMatchObject({ turnsWaiting: 0 });
  expect((await seen.learn('uri')).result).toMatchObject({ turns: 0 });
  expect((await seen.facts('uri')).map(({ sources }) => sources.length)).toEqual([1]);
});

test('a turn whose row somebody is changing waits, with those behind it, and nobody waits for anybody', async () => {
  const turns = await app.record('busy', ['I like tea.', 'I like cake.', 'I like pie.'], 'leo');
  // Whoever makes their vectors changes them, too.
  const isEmbedding = "select from echo_unified_interactions where vector_state <> 'EMBEDDED'";
  await expect.poll(() => app.sql(isEmbedding)).toEqual([]);
  const client = await app.app.services.db.pool.connect();
  try {
    await client.query('begin');
    await client.query('select from echo_unified_interactions where turn_id = $1 for update', [
      turns[1]?.turnId,
    ]);
    const { result } = await seen.learn('leo');
    expect(result).toMatchObject({ turns: 1, added: 1, left: 1 });
  } finally {
    await client.query('rollback');
    client.release();
  }
  expect((await seen.learn('leo')).result).toMatchObject({ turns: 2, added: 2, left: 0 });
});

test('turns that another task has are left to it, until its lease ends', async () => {
  const turns = await app.record('taken', ['I like tea.', 'I like cake.'], 'mia');
  const lease = (until: string) =>
    app.sql(
      `update echo_unified_interactions set learning_state = 'LEASED', learning_lease_token = gen_random_uuid(),
         learning_lease_until = now() + $2::interval where turn_id = $1`,
      [turns[0]?.turnId, until],
    );
  await lease('1 hour');
  // Not even what is behind them: it may correct what they say.
  expect((await seen.learn('mia')).result).toMatchObject({ turns: 0, left: 1 });
  await lease('-1 second');
  expect((await seen.learn('mia')).result).toMatchObject({ turns: 2, added: 2, left: 0 });
});

test('a task that has lost its turns stores nothing of them', async () => {
  await app.record('lost', ['I like tea.'], 'ned');
  // Whoever takes a turn of this user loses it at once.
  await app.sql(`create function lose() returns trigger language plpgsql as $$ begin
    if new.learning_state = 'LEASED' and new.user_id = 'ned' then new.learning_lease_token := gen_random_uuid(); end if;
    return new; end $$`);
  await app.sql(
    'create trigger lose before update on echo_unified_interactions for each row execute function lose()',
  );
  expect((await seen.learn('ned')).result).toMatchObject({ turns: 0, added: 0, left: 1 });
  expect(await seen.facts('ned')).toEqual([]);
  await app.sql('drop trigger lose on echo_unified_interactions');
  await app.sql("update echo_unified_interactions set learning_lease_until = now() where user_id = 'ned'");
  expect((await seen.learn('ned')).result).toMatchObject({ turns: 1, added: 1, left: 0 });
});

test('what was understood by a turn is learned again without it when that turn goes', async () => {
  const turns = await app.record('there', ['I was in Lisbon.', 'I moved there.', 'I like tea.'], 'oda');
  await seen.learn('oda');
  // As if "there" had been read with what was said before.
  await learnFacts(app, 'oda', [
    {
      turnId: turns[1]?.turnId ?? '',
      saidAt: at(1),
      predicate: 'lives_in',
      object: 'Lisbon',
      quote: 'I moved there',
    },
  ]);
  expect((await seen.facts('oda')).map(({ object }) => object).sort()).toEqual(['Lisbon', 'tea']);
  await app.graphql(
    'mutation ($id: ID!) { deleteInteraction(turnId: $id) { __typename } }',
    { id: turns[0]?.turnId },
    'oda',
  );
  expect((await seen.facts('oda')).map(({ object }) => object)).toEqual(['tea']);
  expect(await app.sql("select from echo_learned_facts where user_id = 'oda' and object = 'Lisbon'")).toEqual(
    [],
  );
  expect((await seen.learn('oda')).result).toMatchObject({ turns: 1 });
  expect((await seen.facts('oda')).map(({ object }) => object)).toEqual(['tea']);
});

test('what a person took back is not learned again from what was said before, and the run says so', async () => {
  await app.record('back', [{ query: 'I like tea.', timestamp: at(1) }], 'pam');
  await seen.learn('pam');
  const [fact] = await seen.facts('pam');
  await app.graphql(
    'mutation ($id: ID!) { retractFact(factId: $id) { __typename } }',
    { id: fact.factId },
    'pam',
  );
  await app.record('back again', [{ query: 'I like tea.', timestamp: at(2) }], 'pam');
  const { runs } = await seen.learn('pam');
  expect(runs[0]).toMatchObject({ turnsSeen: 1, added: 0, merged: 0, refused: 1 });
  expect(runs[0]?.refusals).toMatchObject([{ field: 'QUERY', reason: 'a person took it back', count: 1 }]);
  expect(await seen.facts('pam')).toEqual([]);
});

test('health says when turns wait too long, and for how long', async () => {
  const check = async () => {
    const { data } = await app.graphql('{ health { checks { name status detail } } }');
    return data.health.checks.find(({ name }: { name: string }) => name === 'learning');
  };
  await seen.learnAll();
  expect(await check()).toMatchObject({ status: 'HEALTHY' });
  await app.record('late', ['I like tea.'], 'quin');
  await app.sql(
    "update echo_unified_interactions set learning_since = now() - interval '4 hours' where user_id = 'quin'",
  );
  expect(await check()).toMatchObject({ status: 'DEGRADED', detail: expect.stringMatching(/144\d\d s/) });
  const metrics = await (await fetch(`${app.url}/metrics`)).text();
  expect(metrics).toMatch(/^echo_learning_waiting_turns 1$/m);
  expect(metrics).toMatch(/^echo_learning_lag_seconds 144\d\d/m);
  await seen.learnAll();
  expect(await check()).toMatchObject({ status: 'HEALTHY' });
});

test('a turn as long as can be, and one that says a hundred things more than are taken, are learned from', async () => {
  const long = 'It was a day like any other in the town. '.repeat(4_800);
  const many = Array.from({ length: 140 }, (_, number) => `I like number${number}.`).join(' ');
  const said = { query: 'Go on.', responder: 'Rob', response: `${long} I like tea.` };
  await app.record('long', [said, many], 'rob');
  const { runs } = await seen.learn('rob');
  expect(runs[0]).toMatchObject({ turnsSeen: 2, added: 101, refused: 40 });
  expect(runs[0]?.refusals).toMatchObject([{ reason: 'too many statements in one turn', count: 40 }]);
});

test('what is said again and again is the same, whether it is learned at once or turn by turn', async () => {
  const said = [
    ...[
      'I like tea.',
      'I live in Lisbon.',
      'I like tea.',
      'I live in Porto.',
      'I live in Lisbon.',
      'I like tea.',
    ],
    ...[
      'I live in Lisbon.',
      'I no longer live in Lisbon.',
      'I like tea.',
      'I live in Lisbon.',
      'I live in Lisbon.',
    ],
  ];
  const turns = said.map((query, day) => ({ query, timestamp: at(day + 1) }));
  await app.record('at once', turns, 'sue');
  await seen.learn('sue');
  for (const turn of turns) {
    await app.record('one by one', [turn], 'tom');
    await seen.learn('tom');
  }
  const known = (user: string) =>
    app.sql(
      `select statement, status, negated, confidence, valid_from, valid_until, first_said_at, last_said_at,
         (select count(*)::int from echo_fact_sources where fact = f.id) as sources,
         (select count(*)::int from echo_fact_changes where fact = f.id and kind in ('ADDED', 'MERGED')) as said
       from echo_learned_facts f where user_id = $1 order by statement`,
      [user],
    );
  const expected = await known('tom');
  expect(expected.map(({ statement, status, sources }) => [statement, status, sources])).toEqual([
    ['user does not live in Lisbon', 'SUPERSEDED', 1],
    ['user likes tea', 'ACTIVE', 4],
    ['user lives in Lisbon', 'ACTIVE', 5],
    ['user lives in Porto', 'SUPERSEDED', 1],
  ]);
  expect(await known('sue')).toEqual(expected);
});

test('what an admin has the server learn names nobody whom no erasure would find', async () => {
  const { data } = await app.graphql(
    'mutation { runLearning { ... on CreateTaskSuccess { task { taskId createdBy } } ... on Error { message } } }',
    {},
    '@acme:eve-the-admin',
  );
  const { taskId, createdBy } = data.runLearning.task;
  expect(createdBy).toBe('runLearning');
  await untilTask(app, taskId, 'COMPLETED');
  expect(JSON.stringify(await app.sql('select * from autonomous_tasks'))).not.toContain('eve-the-admin');
});

test('what the turns of one user meet keeps nobody else from being learned from, and the task says so', async () => {
  const users = ['aaa-first', 'mmm-poison', 'zzz-last'];
  for (const user of users)
    await app.record('home', [{ query: 'I live in Lisbon.', timestamp: at(1) }], user);
  await app.sql(`create function poison() returns trigger language plpgsql as $$ begin
    if new.user_id = 'mmm-poison' then raise exception 'no' using errcode = '57014'; end if; return new; end $$`);
  await app.sql(
    'create trigger poison before insert on echo_learned_facts for each row execute function poison()',
  );
  const statements = async () =>
    Promise.all(users.map(async (user) => (await seen.facts(user)).map(({ statement }) => statement)));
  try {
    const { data } = await app.graphql(
      'mutation { runLearning { ... on CreateTaskSuccess { task { taskId } } ... on Error { message } } }',
    );
    await expect.poll(statements).toEqual([['user lives in Lisbon'], [], ['user lives in Lisbon']]);
    const { taskId } = data.runLearning.task;
    const task = async () =>
      (
        await app.graphql('query ($id: ID!) { task(taskId: $id) { status retryCount error } }', {
          id: taskId,
        })
      ).data.task;
    await expect.poll(async () => (await task()).error).not.toBeNull();
    expect((await task()).status).not.toBe('COMPLETED');
  } finally {
    await app.sql('drop trigger poison on echo_learned_facts');
    await app.sql('drop function poison()');
  }
  await seen.learn('mmm-poison');
  expect((await statements())[1]).toEqual(['user lives in Lisbon']);
});

test('so it is where the code stumbles over what is stored of somebody', async () => {
  const users = ['aab-first', 'mmn-odd', 'zzy-last'];
  for (const user of users)
    await app.record('home', [{ query: 'I live in Lisbon.', timestamp: at(1) }], user);
  // No version stores such a name.
  await app.sql(
    `insert into character_profiles (character_name, creator, source_franchise, name_key, user_id, aliases)
     values ('Nemo', 'a', 'x', 'nemo', 'mmn-odd', '{null}')`,
  );
  await app.graphql('mutation { runLearning { ... on Error { message } } }');
  const statements = async () =>
    Promise.all(users.map(async (user) => (await seen.facts(user)).map(({ statement }) => statement)));
  await expect.poll(statements).toEqual([['user lives in Lisbon'], [], ['user lives in Lisbon']]);
});
