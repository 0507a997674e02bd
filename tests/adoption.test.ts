import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { adoptCommand } from '../src/adoption/command.ts';
import { createHttpSender } from '../src/import/client.ts';
import type { Operation, Send } from '../src/import/operations.ts';
import { createLogger } from '../src/log.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

const urlOf = (name: string) => inject('databaseUrl').replace('NAME', name);
const databases: string[] = [];
let admin: pg.Client;
let app: TestApp;
let scratch: string;

beforeAll(async () => {
  admin = new pg.Client({ connectionString: urlOf('postgres') });
  await admin.connect();
  app = await startTestApp();
  scratch = await mkdtemp(join(tmpdir(), 'echo-adopt-'));
});
afterAll(async () => {
  await app.close();
  for (const name of databases) await admin.query(`drop database ${name} with (force)`);
  await admin.end();
  await rm(scratch, { recursive: true, force: true });
});

/** A database of the older service, which these statements make. */
async function olderDatabase(statements: string, options = ''): Promise<string> {
  const name = `older_${process.pid}_${databases.length}`;
  await admin.query(`create database ${name} ${options}`);
  databases.push(name);
  const client = new pg.Client({ connectionString: urlOf(name) });
  await client.connect();
  await client.query(statements);
  await client.end();
  return urlOf(name);
}

/** `npm run adopt` with its output. @param between is asked before each request to the server */
async function adopt(
  from: string,
  args: readonly string[] = [],
  between?: (at: number) => void | Promise<void>,
) {
  const output = { stdout: '', stderr: '' };
  const report = join(scratch, 'report.jsonl');
  const log = createLogger('silent', 2);
  const sender = createHttpSender({ url: app.url, apiKey: null, log, patienceMs: 1_000 });
  let requests = 0;
  const send: Send = async (operation: Operation) => {
    await between?.(requests++);
    return sender(operation);
  };
  const write = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      output[name] += text;
      return true;
    },
  });
  const code = await adoptCommand(['--from', from, '--report', report, ...args], {
    stdout: write('stdout'),
    stderr: write('stderr') as never,
    connect: async () => ({ send, close: async () => undefined }),
  });
  const text = await readFile(report, 'utf8').catch(() => '');
  const changes = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { code, ...output, changes };
}

/** The tables as the older service made them. */
const SHAPE = `
  create table echo_unified_interactions (id serial primary key, conversation_id varchar(100), user_id varchar(100) default 'default',
    query text not null, response text not null, model_used varchar(100) not null, processing_time double precision not null,
    escalation_path jsonb, intent varchar(50), confidence double precision, requires_clarification boolean default false,
    clarifying_questions jsonb, timestamp timestamp default now(), session_id varchar(255), metadata jsonb);
  create table echo_conversations (id serial primary key, conversation_id varchar(100) unique not null,
    user_id varchar(100) default 'default', created_at timestamp, last_interaction timestamp, intent_history jsonb, context jsonb);
  create table character_profiles (id serial primary key, character_name varchar(100) unique not null, creator varchar(100) not null,
    source_franchise varchar(200) not null, character_type varchar(50), age int, hair_color varchar(100), personality_traits text,
    reference_images jsonb, generation_count int default 0, consistency_score numeric(3,2) default 0, last_generated timestamp,
    conversation_mentions int default 0, created_at timestamp default now(), updated_at timestamp default now(), is_active boolean);
  create table autonomous_tasks (id serial, task_id text unique, name text, description text, priority int, status text,
    created_at timestamp, started_at timestamp, completed_at timestamp, result jsonb, error text, retry_count int default 0);
  create table learning_history (id serial, source text);`;

const TURNS = `query ($id: String!) { conversation(conversationId: $id) { interactions(first: 100) { nodes {
  turnId sequence query response modelUsed processingTimeMs escalationPath intent confidence requiresClarification
  clarifyingQuestions timestamp sessionId metadata status } } } }`;

async function turnsOf(id: string, user?: string): Promise<Record<string, unknown>[]> {
  const { data } = await app.graphql(TURNS, { id }, user);
  return data.conversation?.interactions.nodes ?? [];
}

describe('an older database', () => {
  let from: string;
  beforeAll(async () => {
    from = await olderDatabase(`${SHAPE}
      insert into echo_conversations (conversation_id, created_at, last_interaction, intent_history, context) values
        ('trip', '2025-03-01 10:00', '2025-03-01 10:05', '["general", "recall"]', '{"city": "Lisbon"}'),
        ('empty one', '2025-01-01', null, null, null);
      insert into echo_unified_interactions (conversation_id, user_id, query, response, model_used, processing_time, escalation_path,
          intent, confidence, clarifying_questions, timestamp, session_id, metadata) values
        ('trip', 'default', 'Where is the beagle?', 'In the kitchen 🐕', 'llama3.2:3b', 1.25, '["llama3.2:3b"]', 'recall', 0.75,
          '["Which one?"]', '2025-03-01 10:00:01.2345', 's1', '{"source": "web"}'),
        ('trip', null, 'And now?', 'Outside', 'llama3.2:3b', 'NaN', null, null, 85, null, '2025-03-01 10:00:02', null, '[1, 2]'),
        ('trip', 'ada', 'Mine', 'Yours', 'm', 0, '"alone"', null, null, null, 'infinity', null, null),
        (null, 'default', '', '', '', -1, null, null, null, null, null, null, null);
      insert into character_profiles (character_name, creator, source_franchise, age, hair_color, reference_images,
          generation_count, consistency_score, conversation_mentions, is_active) values
        ('Mei Aoyama', 'studio', 'Tower', 19, 'copper', '["a.png"]', 12, 0.83, 40, true);
      insert into autonomous_tasks (task_id, name, priority, status, created_at, result, error) values
        ('task-1', 'Tidy up', 9, 'completed', '2025-02-02', '{"ok": true}', null),
        ('b7a3c1de-0d3f-4a57-9d0a-6f5d8f1f2a11', 'Wait', 1, 'PENDING', '2025-02-03', null, null);
      insert into learning_history (source) values ('a'), ('b');`);
  });

  test('is told of and not sent on a dry run', async () => {
    const { code, stdout } = await adopt(from, ['--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toContain('echo_unified_interactions: 4 rows read');
    expect(stdout).toContain('nothing was sent');
    expect(await turnsOf('trip')).toEqual([]);
  });

  test('is there whole, with what was changed and why', async () => {
    const { code, stdout, stderr, changes } = await adopt(from);
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain('4 turns stored, 0 were there already');
    expect(stdout).toContain('read back: 4 of 4 turns, the same, by number and checksum');
    expect(stdout).toContain('learning_history (2 rows)');
    const [first, second, ...none] = await turnsOf('trip');
    expect(none).toEqual([]);
    expect(first).toMatchObject({
      ...{ sequence: 1, query: 'Where is the beagle?', response: 'In the kitchen 🐕', intent: 'recall' },
      ...{
        modelUsed: 'llama3.2:3b',
        processingTimeMs: 1_250,
        escalationPath: ['llama3.2:3b'],
        confidence: 0.75,
      },
      ...{ clarifyingQuestions: ['Which one?'], timestamp: '2025-03-01T10:00:01.234Z', sessionId: 's1' },
      ...{ metadata: { source: 'web' }, status: 'ANSWERED' },
    });
    // What could not be taken as it was stays with the turn.
    expect(second).toMatchObject({
      ...{ sequence: 2, confidence: null, processingTimeMs: 0 },
      metadata: { adopted: { confidence: 85, metadata: [1, 2], processing_time: 'NaN' } },
    });
    expect(await turnsOf('trip', 'ada')).toMatchObject([
      { query: 'Mine', escalationPath: ['alone'], metadata: { adopted: { timestamp: 'infinity' } } },
    ]);
    expect(await turnsOf('older-turns-without-conversation')).toMatchObject([
      { query: '(nothing was said)', response: null, modelUsed: 'unknown', status: 'RECORDED' },
    ]);
    expect(changes).toContainEqual({
      ...{ table: 'echo_unified_interactions', id: '2', column: 'confidence', was: 85, is: null },
      why: 'is not from 0 to 1',
    });
    expect((await stat(join(scratch, 'report.jsonl'))).mode & 0o777).toBe(0o600);
  });

  test('gives its conversations, characters and tasks, too', async () => {
    const { data } = await app.graphql(`{
      trip: conversation(conversationId: "trip") { intentHistory context }
      empty: conversation(conversationId: "empty one") { interactionCount }
      character(name: "Mei Aoyama") { age hairColor generationCount consistencyScore conversationMentions referenceImages }
      tasks(first: 10) { nodes { taskId name status priority result payload createdAt } } }`);
    expect(data.trip).toEqual({ intentHistory: ['general', 'recall'], context: { city: 'Lisbon' } });
    expect(data.empty).toEqual({ interactionCount: 0 });
    expect(data.character).toMatchObject({ age: 19, hairColor: 'copper', generationCount: 12 });
    expect(data.character).toMatchObject({ consistencyScore: 0.83, conversationMentions: 40 });
    const byName = new Map(data.tasks.nodes.map((task: { name: string }) => [task.name, task]));
    expect(byName.get('Tidy up')).toMatchObject({
      status: 'COMPLETED',
      priority: 'CRITICAL',
      result: { ok: true },
    });
    expect(byName.get('Tidy up')).toMatchObject({ payload: { adopted: { task_id: 'task-1', priority: 9 } } });
    // An old copy sets nothing going.
    expect(byName.get('Wait')).toMatchObject({
      taskId: 'b7a3c1de-0d3f-4a57-9d0a-6f5d8f1f2a11',
      status: 'CANCELLED',
    });
  });

  test('is passed over by a second run, and turns that were deleted meanwhile stay so', async () => {
    const [first] = await turnsOf('trip');
    const deletion = await app.graphql(
      `mutation ($id: ID!) { deleteInteraction(turnId: $id) { __typename } }`,
      { id: first?.turnId },
    );
    expect(deletion.data.deleteInteraction.__typename).toMatch(/Success$/);
    const { code, stdout } = await adopt(from);
    expect(code, stdout).toBe(0);
    expect(stdout).toContain('0 turns stored, 4 were there already');
    expect(stdout).toContain('1 turns were deleted here since, and stay deleted');
    expect((await turnsOf('trip')).map(({ query }) => query)).toEqual(['And now?']);
  });
});

test('its default user becomes the one who is named', async () => {
  const from = await olderDatabase(`${SHAPE}
    insert into echo_unified_interactions (conversation_id, query, response, model_used, processing_time) values ('g', 'hers', 'r', 'm', 1);
    insert into character_profiles (character_name, creator, source_franchise) values ('Grace’s own', 's', 't');`);
  const { code, stdout } = await adopt(from, ['--user', 'grace']);
  expect(code, stdout).toBe(0);
  expect(await turnsOf('g')).toEqual([]);
  expect(await turnsOf('g', 'grace')).toMatchObject([{ query: 'hers' }]);
  const { data } = await app.graphql('{ character(name: "Grace’s own") { creator } }', {}, 'grace');
  expect(data.character).toEqual({ creator: 's' });
});

const LOOSE = `create table echo_unified_interactions (id int, conversation_id text, query text, response text, model_used text,
  processing_time text, timestamp text, mood text);`;

test('a database without keys, with times as text and columns of its own loses no row', async () => {
  const from = await olderDatabase(`${LOOSE}
    insert into echo_unified_interactions values
      (1, 'loose', 'one', 'r', 'm', '0.5', '2024-05-01T12:00:00.123456', 'calm'),
      (1, 'loose', 'another one', 'r', 'm', '0.5', '2024-05-01 12:00:01+02', null),
      (1, 'loose', 'one', 'r', 'm', '0.5', '2024-05-01T12:00:00.123456', 'calm'),
      (2, 'loose', 'seconds', null, null, null, '1714565000', null),
      (3, 'loose', 'no day', 'r', 'm', '1', '2024-02-31 10:00', null),
      (null, 'loose', 'a name that is ' || repeat('long', 40), 'r', 'm', '1', null, null),
      (4, repeat('long', 40), 'far', 'r', 'm', '1', '2024-05-02', null),
      (5, 'loose', repeat('x', 32001), 'r', 'm', '1', '2024-05-02', null);`);
  const { code, stdout, changes } = await adopt(from);
  expect(code, stdout).toBe(0);
  expect(stdout).toContain('7 turns stored');
  expect(stdout).toContain('1 rows say the same as another one');
  const turns = await turnsOf('loose');
  const byQuery = new Map(turns.map((turn) => [String(turn.query).slice(0, 15), turn]));
  expect(turns).toHaveLength(6);
  expect(byQuery.get('one')).toMatchObject({
    timestamp: '2024-05-01T12:00:00.123Z',
    metadata: { adopted: { mood: 'calm' } },
  });
  expect(byQuery.get('another one')).toMatchObject({ timestamp: '2024-05-01T10:00:01.000Z' });
  expect(byQuery.get('seconds')).toMatchObject({
    timestamp: '2024-05-01T12:03:20.000Z',
    modelUsed: 'unknown',
  });
  // The time of the turn before it.
  expect(byQuery.get('no day')).toMatchObject({ timestamp: '2024-05-01T12:03:20.000Z' });
  expect(String(byQuery.get('x'.repeat(15))?.query)).toHaveLength(32_000);
  // What does not fit is in the report, whole.
  const cut = changes.find(({ id, column }) => id === '5' && column === 'query');
  expect(cut).toMatchObject({ why: 'has more than 32000 characters' });
  expect(cut.was).toHaveLength(32_001);
  const { data } = await app.graphql('{ conversations(first: 50) { nodes { conversationId } } }');
  const names = data.conversations.nodes.map(
    ({ conversationId }: { conversationId: string }) => conversationId,
  );
  expect(names.filter((name: string) => name.startsWith('longlong'))).toMatchObject([/^.{83}-[0-9a-f]{16}$/]);
});

test('bytes of no encoding are read', async () => {
  const from = await olderDatabase(
    `${LOOSE} insert into echo_unified_interactions (id, conversation_id, query, response, timestamp) values
       (1, 'bytes', E'Gr\\xfc\\xdfe', 'r', '2024-05-01'), (2, 'bytes', E'Gr\\xc3\\xbc\\xc3\\x9fe', 'r', '2024-05-01');`,
    `encoding 'SQL_ASCII' template template0 locale_provider libc locale 'C'`,
  );
  const { code, stdout } = await adopt(from);
  expect(code, stdout).toBe(0);
  expect(stdout).toContain('1 rows were no UTF-8');
  expect((await turnsOf('bytes')).map(({ query }) => query)).toEqual(['Grüße', 'Grüße']);
});

test('a conversation that is another one here is left as it is', async () => {
  await app.record('shared', ['mine']);
  const from = await olderDatabase(`${LOOSE}
    insert into echo_unified_interactions (id, conversation_id, query, response, timestamp) values (1, 'shared', 'theirs', 'r', '2024-05-01');`);
  for (const stored of [1, 0]) {
    const { code, stdout } = await adopt(from);
    expect(code, stdout).toBe(0);
    expect(stdout).toContain(`${stored} turns stored`);
    expect(stdout).toContain('the older one became "shared (older)"');
  }
  expect((await turnsOf('shared')).map(({ query }) => query)).toEqual(['mine']);
  expect((await turnsOf('shared (older)')).map(({ query }) => query)).toEqual(['theirs']);
});

describe('when something goes away half-way', () => {
  const many = `${LOOSE}
    insert into echo_unified_interactions (id, conversation_id, query, response, timestamp)
    select n, 'half ' || n % 7, 'query ' || n, 'response ' || n, '2024-05-01' from generate_series(1, 1500) n;`;

  test('the next run goes on, and nothing is twice', async () => {
    const from = await olderDatabase(many);
    const stopped = adopt(from, ['--user', 'half'], (at) => {
      if (at === 3) throw new Error('killed');
    });
    await expect(stopped).rejects.toThrow('killed');
    const { code, stdout } = await adopt(from, ['--user', 'half']);
    expect(code, stdout).toBe(0);
    const [, stored, before] = /(\d+) turns stored, (\d+) were there/.exec(stdout) ?? [];
    expect(Number(before)).toBeGreaterThan(0);
    expect(Number(stored) + Number(before)).toBe(1_500);
    const rows = await app.sql(
      `select count(*)::int as rows, count(distinct query)::int as queries from echo_unified_interactions where user_id = 'half'`,
    );
    expect(rows).toEqual([{ rows: 1_500, queries: 1_500 }]);
  });

  test('an older database that vanishes is named', async () => {
    const from = await olderDatabase(many);
    const name = new URL(from).pathname.slice(1);
    const { code, stderr } = await adopt(from, ['--user', 'vanished'], async (at) => {
      if (at !== 2) return;
      await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/the older database does not answer .*run the command again, and it goes on/);
    const again = await adopt(from, ['--user', 'vanished']);
    expect(again.stdout).toContain('read back: 1500 of 1500 turns, the same');
  });

  test('two runs at once give one copy', async () => {
    const from = await olderDatabase(many);
    const both = await Promise.all([adopt(from, ['--user', 'both']), adopt(from, ['--user', 'both'])]);
    expect(
      both.map(({ code }) => code),
      both.map(({ stdout }) => stdout).join(),
    ).toEqual([0, 0]);
    const rows = await app.sql(
      `select count(*)::int as rows, count(distinct query)::int as queries from echo_unified_interactions where user_id = 'both'`,
    );
    expect(rows).toEqual([{ rows: 1_500, queries: 1_500 }]);
  });
});

describe('what is no older database is refused by name', () => {
  test.each([
    ['create table other (id int)', /has none of echo_unified_interactions/],
    ['create table echo_unified_interactions (id int)', /has no column query/],
    [
      'create table echo_unified_interactions (query text, turn_id uuid)',
      /this is a database of this product/,
    ],
    ['create table character_profiles (id int)', /character_profiles has no column character_name/],
  ])('%s', async (statement, message) => {
    const { code, stderr } = await adopt(await olderDatabase(statement));
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });

  test('nothing that listens, no such database, no such options', async () => {
    const away = await adopt('postgres://nobody@127.0.0.1:9/older');
    expect(away).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot be read: connect ECONNREFUSED'),
    });
    const missing = await adopt(urlOf('no_such_database'));
    expect(missing.stderr).toContain('database "no_such_database" does not exist');
    const wrong = await adopt('mysql://somewhere/older');
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--from: must begin with postgres://'),
    });
    const unknown = await adopt(urlOf('postgres'), ['--fast']);
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining("Unknown option '--fast'") });
    const nowhere = await adopt(urlOf('postgres'), ['--report', join(scratch, 'none', 'x')]);
    expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot be written (ENOENT)') });
    // A session that is left open would hold the process, and what the older database may clear away.
    const sessions = `select count(*)::int as count from pg_stat_activity where datname = 'postgres' and pid <> pg_backend_pid()
      and backend_type = 'client backend' and state like 'idle in transaction%'`;
    await expect.poll(() => app.sql(sessions)).toEqual([{ count: 0 }]);
  });
});
