import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forgetDeletedElsewhere } from '../src/domains/interactions/set-apart.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { operate } from './support/operate.ts';
import { runTask, untilTask } from './support/tasks.ts';

const DEADLINE_MS = 4_000;
const LONG_MS = 120_000;

/** Keeps the database while the server on the journal of `directory` is started again. */
let keeping: TestApp;
let directory: string;
let app: TestApp;
let gate: pg.Client;
beforeAll(async () => {
  keeping = await startTestApp({ env: { TASK_WORKERS: '0' } });
  directory = await mkdtemp(join(tmpdir(), 'echo-dead-'));
  app = await start();
  // The database refuses what begins with "poison", as long as somebody says why; and makes up its mind when the gate is open.
  await app.sql('create table refusal (reason text)');
  await app.sql(`create function refuse_poison() returns trigger language plpgsql as $$
    declare why text;
    begin
      perform pg_advisory_xact_lock_shared(4711);
      select reason into why from refusal;
      if why is not null then raise exception '%', why using errcode = '22023'; end if;
      return new;
    end $$`);
  await app.sql(`create trigger refuse_poison before insert on echo_unified_interactions for each row
    when (new.query like 'poison%') execute function refuse_poison()`);
  gate = new pg.Client({ connectionString: keeping.databaseUrl });
  await gate.connect();
});
afterAll(async () => {
  await gate.end();
  await app.close();
  await keeping.close();
  await rm(directory, { recursive: true, force: true });
});

async function start(): Promise<TestApp> {
  const server = await startTestApp({
    env: { ACK_DEADLINE_MS: String(DEADLINE_MS), DATA_DIR: directory },
    route: async () => keeping.databaseUrl,
  });
  return { ...server, sql: keeping.sql };
}

const close = () => gate.query('select pg_advisory_lock(4711)');
const open = () => gate.query('select pg_advisory_unlock(4711)');
async function refuse(reason: string | null) {
  await app.sql('delete from refusal');
  if (reason !== null) await app.sql('insert into refusal values ($1)', [reason]);
}

const RECORD = `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
  ... on RecordTurnsSuccess { durability interactions { turnId } } ... on Error { code message } } }`;
const LIST = `{ deadJournalEntries(first: 100) { nodes {
  seq reason userId conversationId turnIds bytes setApartAt acceptedAt discardedAt } } }`;
// biome-ignore lint/suspicious/noExplicitAny: results have the shape that each test asks for
type Seen = any;

/** The database refuses these after they were acknowledged. @returns what is seen of each, in their order */
async function setApart(names: readonly string[], user: string, reason = 'no poison here'): Promise<Seen[]> {
  await refuse(reason);
  await close();
  const recorded = await Promise.all(
    names.map((name) => {
      const turns = [{ query: `poison ${name}`, response: 'Noted', idempotencyKey: name }];
      return app.graphql(RECORD, { input: { conversationId: name, turns } }, user);
    }),
  );
  await open();
  for (const { data } of recorded) expect(data.recordTurns.durability).toBe('JOURNALED');
  const found = async () => {
    const all = await listed(user.startsWith('@') ? user : undefined);
    return names.flatMap((name) => all.find(({ conversationId }) => conversationId === name) ?? []);
  };
  await expect.poll(async () => (await found()).length, { timeout: 60_000 }).toBe(names.length);
  return found();
}

async function listed(user?: string): Promise<Seen[]> {
  const { data, errors } = await app.graphql(LIST, {}, user);
  if (!data) throw new Error(JSON.stringify(errors));
  return data.deadJournalEntries.nodes;
}
async function retry(seq: number, user?: string): Promise<Seen> {
  const { data, errors } = await app.graphql(
    `mutation ($seq: Int!) { retryDeadJournalEntry(seq: $seq) {
      ... on RetryDeadJournalEntrySuccess { outcome reason } ... on Error { code message } } }`,
    { seq },
    user,
  );
  return errors?.[0]?.extensions ?? data.retryDeadJournalEntry;
}
async function discard(seq: number, user?: string): Promise<Seen> {
  const { data, errors } = await app.graphql(
    `mutation ($seq: Int!) { discardDeadJournalEntry(seq: $seq) {
      ... on DiscardDeadJournalEntrySuccess { entry { seq discardedAt } } ... on Error { code message } } }`,
    { seq },
    user,
  );
  return errors?.[0]?.extensions ?? data.discardDeadJournalEntry;
}
const one = async (seq: number) => (await listed()).find((entry) => entry.seq === seq);
const stored = (name: string) =>
  app.sql(
    'select query, sequence from echo_unified_interactions where conversation_id = $1 order by sequence',
    [name],
  );
const counters = async () => {
  const { data } = await app.graphql('{ persistence { counters { attempted succeeded failed replayed } } }');
  return data.persistence.counters;
};
const audited = (seq: number) =>
  app.sql(
    `select l.action, l.tenant_id as tenant, n.user_id as "user" from echo_audit_log l
     join echo_audit_names n on n.pseudonym = l.target where n.name = $1 and l.action like 'journal.%' order by l.id`,
    [`journal entry ${seq}`],
  );

describe('turns that the database refuses after they were acknowledged', () => {
  test(
    'are listed, raise an alert, and are stored once when the reason is mended',
    async () => {
      const before = await counters();
      const [entry] = await setApart(['mended'], 'ann');
      expect(entry).toMatchObject({
        ...{ reason: 'no poison here', userId: 'ann', conversationId: 'mended', discardedAt: null },
        ...{ turnIds: [expect.any(String)], bytes: expect.any(Number), setApartAt: expect.any(String) },
      });
      expect(await counters()).toMatchObject({ failed: before.failed + 1 });
      const standing = async () => {
        const { data } = await app.graphql(
          '{ health { checks { name status detail } } activeAlerts { name message } persistence { journal { depth setApart } } }',
        );
        return {
          check: data.health.checks.find(({ name }: Seen) => name === 'journal'),
          alert: data.activeAlerts.find(({ name }: Seen) => name === 'journal_set_apart'),
          journal: data.persistence.journal,
        };
      };
      await expect.poll(standing).toMatchObject({
        check: { status: 'DEGRADED', detail: expect.stringContaining('1 are set apart') },
        alert: { message: '1 entries of the journal are set apart' },
        journal: { depth: 0, setApart: 1 },
      });
      expect(await retry(entry.seq)).toEqual({ outcome: 'REFUSED', reason: 'no poison here' });
      await refuse('and no poison there');
      expect(await retry(entry.seq)).toEqual({ outcome: 'REFUSED', reason: 'and no poison there' });
      expect(await one(entry.seq)).toMatchObject({
        ...{ reason: 'and no poison there', acceptedAt: entry.acceptedAt, turnIds: entry.turnIds },
      });
      expect(await counters()).toMatchObject({ failed: before.failed + 1 });
      await refuse(null);
      expect(await retry(entry.seq)).toEqual({ outcome: 'STORED', reason: null });
      expect(await stored('mended')).toEqual([{ query: 'poison mended', sequence: 1 }]);
      expect(await one(entry.seq)).toBeUndefined();
      expect(await retry(entry.seq)).toMatchObject({ code: 'NOT_FOUND' });
      expect(await counters()).toEqual({
        ...{ attempted: before.attempted + 1, succeeded: before.succeeded + 1 },
        ...{ failed: before.failed, replayed: before.replayed },
      });
      await expect.poll(standing).toMatchObject({
        ...{ check: { status: 'HEALTHY' }, journal: { depth: 0, setApart: 0 } },
        alert: undefined,
      });
      expect(await audited(entry.seq)).toEqual(
        Array(3).fill({ action: 'journal.retry', tenant: 'default', user: 'ann' }),
      );
    },
    LONG_MS,
  );

  test(
    'and that the client has sent again meanwhile are there once, in either order',
    async () => {
      const [entry] = await setApart(['sent again'], 'bea');
      await refuse(null);
      const turns = [{ query: 'poison sent again', response: 'Noted', idempotencyKey: 'sent again' }];
      const again = () => app.graphql(RECORD, { input: { conversationId: 'sent again', turns } }, 'bea');
      const { data } = await again();
      expect(data.recordTurns.interactions).toEqual([{ turnId: entry.turnIds[0] }]);
      expect(await retry(entry.seq)).toMatchObject({ outcome: 'STORED' });
      await again();
      expect(await stored('sent again')).toHaveLength(1);
      expect(await one(entry.seq)).toBeUndefined();
    },
    LONG_MS,
  );

  test(
    'wait when they are tried while the database is slow, are shown to their user, and are stored later',
    async () => {
      const [entry] = await setApart(['slow'], 'cid');
      await refuse(null);
      await close();
      const both = await Promise.all([retry(entry.seq), retry(entry.seq)]);
      expect(both).toContainEqual({ outcome: 'WAITING', reason: null });
      expect(both).toContainEqual(expect.objectContaining({ code: 'NOT_FOUND' }));
      expect(await one(entry.seq)).toBeUndefined();
      await open();
      await expect.poll(() => stored('slow'), { timeout: 60_000 }).toHaveLength(1);
      expect(await listed()).not.toContainEqual(expect.objectContaining({ conversationId: 'slow' }));
    },
    LONG_MS,
  );
});

describe('who may see what is set apart', () => {
  test(
    'is an admin of the tenant, and reading what was said is audited',
    async () => {
      const [theirs] = await setApart(['theirs'], '@other:dora');
      const TURNS = 'query ($seq: Int!) { deadJournalEntryTurns(seq: $seq) { turnId query response } }';
      const ONE = 'query ($seq: Int!) { deadJournalEntry(seq: $seq) { seq reason } }';
      const { seq } = theirs;
      for (const query of [LIST, TURNS, ONE])
        expect((await app.graphql(query, { seq }, 'eve')).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
      expect(await retry(seq, 'eve')).toMatchObject({ code: 'FORBIDDEN' });
      expect(await discard(seq, 'eve')).toMatchObject({ code: 'FORBIDDEN' });
      // The admin of another tenant is told what they would be told if there were none.
      expect(await one(seq)).toBeUndefined();
      expect((await app.graphql(ONE, { seq })).data.deadJournalEntry).toBeNull();
      expect((await app.graphql(TURNS, { seq })).errors?.[0]?.extensions.code).toBe('NOT_FOUND');
      for (const change of [retry, discard])
        expect(await change(seq)).toEqual({
          ...{
            code: 'NOT_FOUND',
            message: `seq: no entry ${seq} is set apart in the journal of this server`,
          },
        });
      expect(await audited(seq)).toEqual([]);
      const { data } = await app.graphql(TURNS, { seq }, '@other:dora');
      expect(data.deadJournalEntryTurns).toEqual([
        { turnId: theirs.turnIds[0], query: 'poison theirs', response: 'Noted' },
      ]);
      expect(await audited(seq)).toEqual([{ action: 'journal.read', tenant: 'other', user: 'dora' }]);
      expect(JSON.stringify(await listed('@other:dora'))).not.toContain('poison theirs');
      expect(await discard(seq, '@other:dora')).toMatchObject({ entry: { seq } });
      const [last] = (await audited(seq)).slice(-1);
      expect(last).toEqual({ action: 'journal.discard', tenant: 'other', user: 'dora' });
    },
    LONG_MS,
  );

  test.each([0, -1, 2_147_483_647])('entry %d does not exist', async (seq) => {
    const code = seq > 0 ? 'NOT_FOUND' : 'BAD_USER_INPUT';
    expect(await retry(seq)).toMatchObject({ code });
    expect(await discard(seq)).toMatchObject({ code });
  });
});

describe('what was discarded', () => {
  test(
    'raises no alert, can be tried again, and goes with retention when that is long ago; nothing else does',
    async () => {
      const [kept, late, early, thought] = await setApart(['kept', 'late', 'early', 'thought'], 'fay');
      for (const { seq } of [late, early, thought])
        expect(await discard(seq)).toMatchObject({ entry: { seq, discardedAt: expect.any(String) } });
      expect(await discard(late.seq)).toMatchObject({
        ...{ code: 'BAD_USER_INPUT', message: expect.stringMatching(/was discarded before, at \d{4}-/) },
      });
      const { data } = await app.graphql('{ persistence { journal { setApart } } }');
      expect(data.persistence.journal.setApart).toBe(1);
      // What is refused again is news that nobody has looked at.
      expect(await retry(thought.seq)).toMatchObject({ outcome: 'REFUSED' });
      expect(await one(thought.seq)).toMatchObject({ discardedAt: null });
      await discard(thought.seq);
      await restarted((file) => {
        const age = file.prepare('update dead_notes set discarded_at = discarded_at - ? where seq = ?');
        age.run(29 * 86_400_000, late.seq);
        for (const { seq } of [early, thought]) age.run(31 * 86_400_000, seq);
        file.prepare('update dead set buried_at = 0 where seq = ?').run(kept.seq);
      });
      const retain = async (dryRun: boolean) => {
        const { taskId } = await runTask(app, { type: 'retention', payload: { dryRun } });
        return (await untilTask(app, taskId, 'COMPLETED')).result.deadEntries;
      };
      expect(await retain(true)).toBe(2);
      expect((await listed()).map(({ seq }) => seq)).toEqual(
        expect.arrayContaining([early.seq, thought.seq]),
      );
      expect(await retain(false)).toBe(2);
      const left = (await listed()).filter(({ userId }) => userId === 'fay').map(({ seq }) => seq);
      expect(left.toSorted()).toEqual([kept.seq, late.seq].toSorted());
      expect(await retain(false)).toBe(0);
      await refuse(null);
      for (const { seq } of [kept, late]) expect(await retry(seq)).toMatchObject({ outcome: 'STORED' });
    },
    LONG_MS,
  );
});

describe('the command', () => {
  const questions: string[] = [];
  const command = async (answer: boolean, ...args: string[]) => {
    const confirmed = async (question: string) => {
      questions.push(question);
      return answer;
    };
    const { code, text } = await operate(directory, 'journal', args, { confirmed });
    return { code, text };
  };

  test(
    'lists, shows, asks before it discards, and tries again',
    async () => {
      const [entry] = await setApart(['by command'], 'gil', 'not today');
      const seq = String(entry.seq);
      const line = new RegExp(`^${seq}  SET_APART  \\S+  default/gil  by command  1 turns  not today$`, 'm');
      expect(await command(false, 'list')).toMatchObject({ code: 0, text: expect.stringMatching(line) });
      const shown = await command(false, 'show', seq);
      expect(JSON.parse(shown.text)).toMatchObject({ reason: 'not today', turnIds: entry.turnIds });
      expect(shown.text).not.toContain('poison');
      expect(await audited(entry.seq)).toEqual([]);
      expect((await command(false, 'show', seq, '--text')).text).toContain('poison by command');
      expect(await audited(entry.seq)).toMatchObject([{ action: 'journal.read' }]);
      expect(await command(true, 'retry', seq)).toEqual({ code: 1, text: `${seq}  REFUSED  not today` });
      const refused = await command(false, 'discard', seq);
      expect(refused).toMatchObject({ code: 1, text: expect.stringContaining('nothing was discarded') });
      expect(await one(entry.seq)).toMatchObject({ discardedAt: null });
      expect(questions).toEqual(['Give up these 1 turns? They are deleted in 30 days.']);
      expect((await command(true, 'discard', seq)).code).toBe(0);
      expect((await command(true, 'list')).text).toContain(`${seq}  DISCARDED `);
      const twice = await command(true, 'discard', seq, '--yes');
      expect(twice).toMatchObject({ code: 1, text: expect.stringContaining('discarded before') });
      expect(questions).toHaveLength(2);
      await refuse(null);
      expect(await command(true, 'retry', seq)).toEqual({ code: 0, text: `${seq}  STORED` });
      expect(await command(true, 'retry', seq)).toMatchObject({
        code: 1,
        text: expect.stringContaining('no entry'),
      });
    },
    LONG_MS,
  );

  test.each([
    [],
    ['list', '3'],
    ['show'],
    ['show', 'x'],
    ['retry', '-1'],
    ['discard', '1', '2'],
    ['drop', '1'],
    ['show', '1', '--all'],
  ])('called wrongly (%s %s %s) says how it is used', async (...args) => {
    const { code, text } = await command(true, ...args.filter((arg) => arg !== undefined));
    expect([code, text]).toEqual([2, expect.stringContaining('usage: npm run journal')]);
  });
});

describe('an entry', () => {
  test(
    'that was damaged on disk is the operator’s to see, and is never stored',
    async () => {
      const [entry] = await setApart(['forged'], 'hal');
      await restarted((file) => {
        file.exec(`update dead set reason = 'checksum mismatch' where seq = ${entry.seq}`);
      });
      await refuse(null);
      expect(await one(entry.seq)).toBeUndefined();
      expect(await retry(entry.seq)).toMatchObject({ code: 'NOT_FOUND' });
      const lines: string[] = [];
      const run = async (...args: string[]) => {
        const ran = await operate(directory, 'journal', args);
        lines.push(...ran.lines);
        return ran.code;
      };
      await run('list');
      expect(lines.join('\n')).toContain(`damaged  1 turns  checksum mismatch`);
      expect(await run('retry', String(entry.seq))).toBe(1);
      expect(lines.at(-1)).toContain('is damaged');
      expect(await run('show', String(entry.seq), '--text')).toBe(0);
      expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
        owner: null,
        turnIds: entry.turnIds,
        turns: [],
      });
      expect(await run('discard', String(entry.seq))).toBe(0);
      expect(await stored('forged')).toEqual([]);
    },
    LONG_MS,
  );

  test(
    'of a user who was erased by another server is gone after the next start, and cannot be tried again before',
    async () => {
      const [gone] = await setApart(['to be erased'], 'ivy');
      await app.sql(
        `insert into echo_erasures (receipt_id, subject, erased_at, left_marks)
         values (gen_random_uuid(), sha256(convert_to('["default","ivy"]', 'utf8')), now(), true)`,
      );
      await app.app.services.tombstones.read();
      await refuse(null);
      expect(await retry(gone.seq)).toMatchObject({
        code: 'BAD_USER_INPUT',
        message: expect.stringContaining('erased'),
      });
      await restarted();
      expect(await one(gone.seq)).toBeUndefined();
      expect(await stored('to be erased')).toEqual([]);
    },
    LONG_MS,
  );

  test(
    'that waits again is there after a restart in its place, before later turns of its conversation',
    async () => {
      await setApart(['in order'], 'jon');
      const [{ seq }] = (await listed()).filter(({ userId }) => userId === 'jon') as [Seen];
      await refuse(null);
      await close();
      expect(await retry(seq)).toMatchObject({ outcome: 'WAITING' });
      await restarted();
      const turns = [{ query: 'said later', response: 'Noted' }];
      await app.graphql(RECORD, { input: { conversationId: 'in order', turns } }, 'jon');
      await open();
      await expect.poll(() => stored('in order'), { timeout: 60_000 }).toHaveLength(2);
      expect(await stored('in order')).toEqual([
        { query: 'poison in order', sequence: 1 },
        { query: 'said later', sequence: 2 },
      ]);
    },
    LONG_MS,
  );
});

/** Another server on the same journal and database, after somebody was at the file. */
async function restarted(work: (file: DatabaseSync) => void = () => undefined): Promise<void> {
  await app.close();
  const file = new DatabaseSync(join(directory, 'journal.db'));
  work(file);
  file.close();
  app = await start();
}

test(
  'what was set apart of a conversation goes with it, and does not come back from where others deleted it',
  async () => {
    const owner = 'gardener';
    const [near, far] = await setApart(['nearby', 'far away'], owner);
    await refuse(null);
    const remove = async (server: TestApp, id: string) => {
      const turns = [{ query: 'fine', response: 'Noted' }];
      await app.graphql(RECORD, { input: { conversationId: id, turns } }, owner);
      const { data } = await server.graphql(
        `mutation ($id: String!) { deleteConversation(conversationId: $id) { __typename } }`,
        { id },
        owner,
      );
      expect(data.deleteConversation.__typename).toBe('DeleteConversationSuccess');
    };
    await remove(app, 'nearby');
    expect(await retry(near.seq)).toMatchObject({ code: 'NOT_FOUND' });
    await remove(keeping, 'far away');
    // It may have been noticed by now.
    expect(['BAD_USER_INPUT', 'NOT_FOUND']).toContain((await retry(far.seq)).code);
    await forgetDeletedElsewhere(app.app.services);
    expect(await retry(far.seq)).toMatchObject({ code: 'NOT_FOUND' });
    expect(
      await app.sql("select 1 from echo_unified_interactions where query like 'poison %' and user_id = $1", [
        owner,
      ]),
    ).toEqual([]);
  },
  LONG_MS,
);
