import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canonicalJson } from '../src/domains/interactions/turn.ts';
import { clearFiles } from '../src/domains/privacy/files.ts';
import { createHttpSender } from '../src/import/client.ts';
import { userExportCommand } from '../src/import/user-export.ts';
import { DUTIES } from '../src/lists/duties.ts';
import * as tables from '../src/lists/tables.ts';
import { createLogger } from '../src/log.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { filesWithTraces, traces } from './support/traces.ts';

/** Planted in every field that takes text, and as the user's name. */
const CANARY = 'xylophone7f3a';
const USER = `user-${CANARY}`;
const RECORD = `mutation ($input: RecordTurnsInput!) {
  recordTurns(input: $input) { ... on RecordTurnsSuccess { interactions { turnId } } ... on Error { code message } }
}`;
const EXPORT = `query ($userId: String, $after: String, $first: Int) {
  exportUser(userId: $userId, after: $after, first: $first) { lines next manifest { characters conversations turns sha256 format } }
}`;
const RESTORE = `mutation ($lines: [String!]!, $userId: String) {
  restoreUser(lines: $lines, userId: $userId) { ... on RestoreUserSuccess { turns replayed characters } ... on Error { code message } }
}`;
const ERASE = `mutation ($userId: String, $confirm: String!) {
  eraseUser(userId: $userId, confirm: $confirm) {
    ... on EraseUserSuccess { receipt signature publicKey } ... on Error { code message }
  }
}`;

let app: TestApp;
beforeEach(async () => {
  app = await startTestApp({ env: { CANARY_INTERVAL_MS: '0' } });
});
afterEach(() => app.close());

const turn = (number: number) => ({
  query: `${CANARY} ${number} said`,
  response: `${CANARY} answered`,
  speaker: `Speaker ${CANARY}`,
  responder: `Responder ${CANARY}`,
  sessionId: `session ${CANARY}`,
  modelUsed: `model ${CANARY}`,
  intent: `in-${CANARY}`,
  idempotencyKey: `key-${CANARY}-${number}`,
  processingTimeMs: number + 0.1,
  timestamp: `2024-05-0${1 + (number % 9)}T10:00:00.123Z`,
  metadata: { note: CANARY, [`key ${CANARY}`]: [1, { deep: CANARY }] },
});

/** Threads, a question with its answer, a rating, a key. */
async function fill(target: TestApp, user: string) {
  for (const [thread, count] of [
    ['b', 12],
    ['a', 70],
  ] as const) {
    const { data } = await target.graphql(
      RECORD,
      {
        input: {
          conversationId: `${thread} of ${user}`,
          turns: Array.from({ length: count }, (_, number) => turn(number)),
        },
      },
      user,
    );
    const [first] = data.recordTurns.interactions;
    await target.graphql(
      `mutation { rateInteraction(input: { turnId: "${first.turnId}", rating: 0.5, comment: "${CANARY}" }) { __typename } }`,
      {},
      user,
    );
  }
  await target.graphql(
    `mutation { processQuery(input: { query: "What of ${CANARY}?", episodeId: "episode ${CANARY}", idempotencyKey: "ask-${CANARY}",
      mode: FOUNDER_TAKEAWAY, context: { about: "${CANARY}" } }) { __typename } }`,
    {},
    user,
  );
  await target.graphql(
    `mutation { upsertCharacters(inputs: [
      { characterName: "Figment ${CANARY}", aliases: ["${CANARY} the Elder"], creator: "${CANARY}", age: 7, notes: "${CANARY}",
        referenceImages: [{ url: "${CANARY}" }], styleElements: ["${CANARY}"] },
      { characterName: "Another ${CANARY}" }]) { __typename } }`,
    {},
    user,
  );
  await target.app.services.access.apiKeys.create({
    tenantId: 'default',
    userId: user,
    name: CANARY,
    roles: ['USER'],
    permissions: null,
    expiresAt: null,
    createdBy: user,
  });
}

/** A turn as the journal holds it. */
function sample(userId: string) {
  const { processingTimeMs, timestamp, ...given } = turn(2);
  return {
    ...given,
    ...{
      tenantId: 'default',
      userId,
      conversationId: 'waiting',
      episodeId: null,
      mode: null,
      intelligenceLevel: null,
    },
    ...{ processingTimeMs, timestamp, escalationPath: [], confidence: null, requiresClarification: false },
    ...{ clarifyingQuestions: [], status: 'RECORDED', stepTimings: null, tokensIn: null, tokensOut: null },
    ...{ characterIds: [], context: null, idempotencyKey: null },
  };
}

async function exported(target: TestApp, user: string, first = 20) {
  const lines: string[] = [];
  let after: string | null = null;
  for (;;) {
    const { data } = await target.graphql(EXPORT, { after, first }, user);
    lines.push(...data.exportUser.lines);
    after = data.exportUser.next;
    if (!after) return { lines, manifest: data.exportUser.manifest };
  }
}

async function settled(target: TestApp) {
  await expect
    .poll(async () =>
      target.sql("select 1 from echo_unified_interactions where vector_state <> 'EMBEDDED' limit 1"),
    )
    .toEqual([]);
}

/** Number of the tables that Echo Brain has: those of its sources, and the archive that inherits from one of them. */
const OWN_TABLES = Object.values(tables).length + 1;

describe('an export', () => {
  test('goes into an empty server, where it is the same', async () => {
    await fill(app, USER);
    const { lines, manifest } = await exported(app, USER);
    expect(manifest).toMatchObject({
      characters: 2,
      conversations: 3,
      turns: 83,
      format: 'echo-brain-export/1',
    });
    expect(lines).toHaveLength(90);
    expect(lines.join('\n')).toContain('"rating":0.5');

    const other = await startTestApp({ env: { CANARY_INTERVAL_MS: '0' } });
    try {
      const send = (some: string[]) => other.graphql(RESTORE, { lines: some }, USER);
      for (let at = 0; at < lines.length; at += 30) {
        const { data } = await send(lines.slice(at, at + 30));
        expect(data.restoreUser.code).toBeUndefined();
      }
      const again = await exported(other, USER, 500);
      expect(again.lines).toEqual(lines);
      expect(again.manifest).toEqual(manifest);
      // What is sent again is there already.
      expect((await send(lines.slice(0, 40))).data.restoreUser).toMatchObject({ turns: 0 });
      expect((await exported(other, USER)).manifest).toEqual(manifest);
      // It is found, it goes on, and its chain holds.
      const search = `{ memorySearch(query: "${CANARY} 3 said", limit: 5) { hits { score } } }`;
      expect((await other.graphql(search, {}, USER)).data.memorySearch.hits.length).toBe(5);
      await other.graphql(
        RECORD,
        { input: { conversationId: `a of ${USER}`, turns: [{ query: 'Afterwards' }] } },
        USER,
      );
      const check = `{ verifyConversation(conversationId: "a of ${USER}") { turns problems { kind } } }`;
      expect((await other.graphql(check, {}, USER)).data.verifyConversation).toEqual({
        turns: 71,
        problems: [],
      });
    } finally {
      await other.close();
    }
  });

  test('that was altered, is out of order, or is somebody else’s, is refused by its line, and nothing is stored', async () => {
    await app.graphql(
      RECORD,
      { input: { conversationId: 'mine', turns: [turn(1), turn(2), turn(3)] } },
      USER,
    );
    const { lines } = await exported(app, USER);
    const other = await startTestApp();
    try {
      const altered = (index: number, change: object) =>
        lines.map((line, at) => (at === index ? JSON.stringify({ ...JSON.parse(line), ...change }) : line));
      for (const [wrong, field] of [
        [altered(2, { response: 'something else' }), 'lines.2.chainHash'],
        [altered(1, { sequence: 7 }), 'lines.1.sequence'],
        [[lines[0], lines[2]], 'lines.1.sequence'],
        [[lines[1]], 'lines'],
        [altered(1, { status: 'KING' }), 'lines.1.status'],
        [altered(1, { query: 'a\u0000b' }), 'lines.1.query'],
        [['{'], 'lines.0'],
        [['[]'], 'lines.0'],
        [altered(0, { userId: 'eve' }), 'lines.0.userId'],
        [[], 'lines'],
      ] as const) {
        const { data } = await other.graphql(RESTORE, { lines: wrong }, USER);
        expect(data.restoreUser.message).toContain(field);
      }
      const { data } = await other.graphql(RESTORE, { lines }, 'eve');
      expect(data.restoreUser.message).toContain('lines.0.userId');
      expect(await other.sql('select 1 from echo_unified_interactions')).toEqual([]);
      expect(await other.sql('select 1 from echo_conversations')).toEqual([]);
    } finally {
      await other.close();
    }
  });

  test('cannot take the place of a turn that somebody else may still store', async () => {
    const { data } = await app.graphql(
      RECORD,
      { input: { conversationId: 'notes', turns: [turn(1)] } },
      USER,
    );
    const { lines } = await exported(app, USER);
    const other = await startTestApp();
    try {
      const mine = { ...JSON.parse(lines[1] ?? ''), conversationId: 'evil' };
      const given = [
        JSON.stringify({ ...JSON.parse(lines[0] ?? ''), userId: 'mallory', conversationId: 'evil' }),
        JSON.stringify(mine),
      ];
      const refused = await other.graphql(RESTORE, { lines: given }, 'mallory');
      expect(refused.data.restoreUser.message).toContain('lines.1.turnId');
      const keyless = await other.graphql(
        RESTORE,
        { lines: [given[0], JSON.stringify({ ...mine, idempotencyKey: null })] },
        'mallory',
      );
      expect(keyless.data.restoreUser.message).toContain('lines.1.turnId');
      const hers = await other.graphql(
        RECORD,
        { input: { conversationId: 'notes', turns: [turn(1)] } },
        USER,
      );
      expect(hers.data.recordTurns.interactions[0].turnId).toBe(data.recordTurns.interactions[0].turnId);
    } finally {
      await other.close();
    }
  });

  test('comes in pages that are not much more than a megabyte', async () => {
    const turns = Array.from({ length: 4 }, (_, number) => ({
      query: `big ${number}`,
      response: 'x'.repeat(200_000),
    }));
    for (let call = 0; call < 3; call++)
      await app.graphql(RECORD, { input: { conversationId: 'big', turns } }, USER);
    const { data: first } = await app.graphql(EXPORT, {}, USER);
    expect(JSON.stringify(first.exportUser.lines).length).toBeLessThan(1_400_000);
    expect(first.exportUser.next).not.toBeNull();
    expect((await exported(app, USER, 500)).lines).toHaveLength(13);
  });

  test('is for oneself, and for those who may act for others', async () => {
    await app.graphql(RECORD, { input: { conversationId: 'mine', turns: [turn(1)] } }, USER);
    const { errors } = await app.graphql(EXPORT, { userId: USER }, 'eve');
    expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    expect((await app.graphql(EXPORT, { userId: USER })).data.exportUser.manifest.turns).toBe(1);
    expect((await app.graphql(EXPORT, {}, 'eve')).data.exportUser).toMatchObject({ lines: [], next: null });
    for (const wrong of [{ first: 0 }, { first: 501 }, { after: 'nonsense' }]) {
      const refused = await app.graphql(EXPORT, wrong, USER);
      expect(refused.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    }
  });
});

describe('the commands', () => {
  test('write a file with its manifest, and take it back', async () => {
    // A line separator of Unicode is no end of a line here.
    const odd = { ...turn(1), query: 'one\u2028two', response: '"quoted" \\ \u{1F600}' };
    await app.graphql(RECORD, { input: { conversationId: 'mine', turns: [odd, turn(2)] } }, USER);
    const file = join(app.directory, 'memory.jsonl');
    const printed: string[] = [];
    const run = (target: Pick<TestApp, 'url'>, kind: 'export' | 'restore', ...args: string[]) =>
      userExportCommand(kind, args, {
        connect: async () => ({
          send: createHttpSender({
            ...{ url: target.url, apiKey: null, log: createLogger('silent'), patienceMs: 3_000 },
          }),
          close: async () => undefined,
        }),
        print: (line) => printed.push(line),
      });
    expect(await run(app, 'export', file, '--user', USER)).toBe(0);
    const manifest = JSON.parse(await readFile(`${file}.manifest.json`, 'utf8'));
    expect(manifest).toMatchObject({ turns: 2, conversations: 1, userId: USER });
    expect(
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex'),
    ).toBe(manifest.sha256);
    await expect(run(app, 'export', file, '--user', USER)).rejects.toThrow('exists already');
    const refused = join(app.directory, 'refused.jsonl');
    expect(await run(app, 'export', refused, '--user', 'x'.repeat(101))).toBe(1);
    await expect(readFile(refused)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await run(app, 'export', refused, '--user', 'nobody at all')).toBe(0);
    expect(printed.at(-2)).toBe('nothing is kept of this user ("nobody at all")');
    const other = await startTestApp();
    try {
      expect(await run(other, 'restore', file, '--user', USER)).toBe(0);
      expect(printed.at(-1)).toBe('2 turns stored, 0 were there already');
      const again = join(app.directory, 'again.jsonl');
      expect(await run(other, 'export', again, '--user', USER)).toBe(0);
      expect(await readFile(again)).toEqual(await readFile(file));
      expect(await run(other, 'restore', file, '--user', 'eve')).toBe(1);
      expect(printed.at(-1)).toContain('lines.0.userId');
    } finally {
      await other.close();
    }
    expect(await run({ url: 'http://127.0.0.1:9' }, 'restore', file)).toBe(1);
    expect(printed.at(-1)).toMatch(
      /did not take the request for 3 s .*\n.* the same command takes the rest$/,
    );
    expect(await run(app, 'export')).toBe(2);
    expect(await run(app, 'export', '--nonsense')).toBe(2);
  });
});

describe('an erasure', () => {
  test('leaves no byte in tables, vectors, or journal, and a signed receipt', async () => {
    await fill(app, USER);
    await app.graphql(
      RECORD,
      { input: { conversationId: 'of somebody else', turns: [{ query: 'I stay' }] } },
      'nina',
    );
    await settled(app);
    // A turn that was buried in the journal.
    await app.app.services.journal
      .write({
        add: [
          {
            kind: 'turns',
            stream: '',
            body: JSON.stringify([{ tenantId: 'default', userId: USER, query: CANARY }]),
          },
        ],
      })
      .then(([seq]) => app.app.services.journal.write({ bury: [{ seq: seq ?? 0, reason: 'test' }] }));
    await app.app.services.journal
      .write({
        add: [{ kind: 'turns', stream: '', body: `[{"tenantId":"default","userId":"${USER}", broken` }],
      })
      .then(([seq]) => app.app.services.journal.write({ bury: [{ seq: seq ?? 0, reason: 'damaged' }] }));
    // Into the files themselves, out of their logs.
    await app.app.services.vectors.purge();
    await app.app.services.journal.purge({ userId: 'nobody' });
    const before = await traces(app, CANARY);
    expect(before.join(' ')).toMatch(
      /echo_unified_interactions.*echo_index_owners|echo_index_owners.*echo_unified_interactions/,
    );
    expect(before).toEqual(expect.arrayContaining(['file journal.db', 'file vectors.db']));

    const { data } = await app.graphql(ERASE, { confirm: USER }, USER);
    const { receipt, signature, publicKey } = data.eraseUser;
    expect(receipt).toMatchObject({
      tenantId: 'default',
      erasedBy: 'the user',
      erased: { conversations: 3, turns: 83, apiKeys: 1, journalEntries: 2 },
      left: { conversations: 0, turns: 0, events: 0, apiKeys: 0, index: 0, vectors: 0 },
      // The tests' database is not the server's own, whose log it may remove.
      files: {
        later: {},
        statistics: 'removed',
        writeAheadLog: expect.stringContaining('does not decide'),
      },
      backups: [],
    });
    expect(receipt.files.rewritten).toBe(OWN_TABLES);
    expect(JSON.stringify(receipt)).not.toContain(CANARY);
    const key = createPublicKey(publicKey);
    const signed = (value: object) =>
      verify(null, Buffer.from(canonicalJson(value)), key, Buffer.from(signature, 'base64'));
    expect(signed(receipt)).toBe(true);
    expect(signed({ ...receipt, erasedBy: 'nobody' })).toBe(false);
    await expect.poll(() => traces(app, CANARY), { interval: 500 }).toEqual([]);

    // Somebody else's memory is as it was.
    expect((await exported(app, 'nina')).manifest.turns).toBe(1);
    const { data: found } = await app.graphql(
      '{ memorySearch(query: "stay") { hits { interaction { query } } } }',
      {},
      'nina',
    );
    expect(found.memorySearch.hits[0].interaction.query).toBe('I stay');
  });

  test('leaves no byte in the files of the embedded database, and all of others', {
    timeout: 120_000,
  }, async () => {
    const embedded = { CANARY_INTERVAL_MS: '0', DATABASE_URL: '' };
    const own = await startTestApp({ env: embedded });
    try {
      const { pool } = own.app.services.db;
      await fill(own, USER);
      const said = Array.from({ length: 30 }, (_, number) => ({ query: `I stay ${number}` }));
      await own.graphql(RECORD, { input: { conversationId: 'hers', turns: said } }, 'nina');
      const waiting = "select 1 from echo_unified_interactions where vector_state <> 'EMBEDDED' limit 1";
      await expect.poll(async () => (await pool.query(waiting)).rows).toEqual([]);
      const kept = (await exported(own, 'nina')).manifest;
      // Into the planner's statistics, and into the files.
      await pool.query('analyze');
      await pool.query('checkpoint');
      const before = (await filesWithTraces(own.directory, CANARY)).sort().join(' ');
      expect(before).toMatch(/postgres\/base\/.*postgres\/pg_wal\//);
      const { data } = await own.graphql(ERASE, { confirm: USER }, USER);
      expect(data.eraseUser.receipt.files).toEqual({
        rewritten: OWN_TABLES,
        later: {},
        statistics: 'removed',
        writeAheadLog: 'removed',
      });
      expect(await filesWithTraces(own.directory, CANARY)).toEqual([]);
      expect((await exported(own, 'nina')).manifest).toEqual(kept);
      await own.app.close();
      expect(await filesWithTraces(own.directory, CANARY)).toEqual([]);
    } finally {
      await own.close();
    }
  });

  test('names the tables whose files keep bytes: large ones, those that others hold, rows that others may read', async () => {
    const { db } = app.app.services;
    await app.graphql(RECORD, { input: { conversationId: 'mine', turns: [turn(1)] } }, USER);
    const tooLarge = await clearFiles(db, DUTIES, { maxBytes: 0 });
    expect(tooLarge.rewritten).toBe(0);
    expect(tooLarge.later.echo_unified_interactions).toMatch(/larger than 0 bytes.*VACUUM FULL/);

    const reader = await db.dedicated();
    try {
      await reader.query('begin isolation level repeatable read; select 1 from echo_conversations');
      await app.sql('delete from echo_unified_interactions');
      const { later, rewritten } = await clearFiles(db, DUTIES, { patienceMs: 0 });
      expect(later).toMatchObject({
        echo_conversations: expect.stringContaining('(55P03)'),
        echo_unified_interactions: expect.stringMatching(/has [12] rows that a transaction may still read/),
      });
      expect(rewritten).toBe(OWN_TABLES - Object.keys(later).length);
      // Whoever stops reading meanwhile is waited for.
      const patient = clearFiles(db, DUTIES);
      await reader.query('commit');
      expect((await patient).later).toEqual({});
    } finally {
      await reader.end();
    }
  });

  test('is not undone by an old copy; the user may begin anew', async () => {
    await app.graphql(RECORD, { input: { conversationId: 'mine', turns: [turn(1)] } }, USER);
    const { lines } = await exported(app, USER);
    expect((await app.graphql(ERASE, { userId: USER, confirm: USER })).data.eraseUser.receipt.erasedBy).toBe(
      'default',
    );
    const restored = await app.graphql(RESTORE, { lines }, USER);
    expect(restored.data.restoreUser).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining('lines.1.turnId'),
    });
    const recorded = await app.graphql(RECORD, { input: { conversationId: 'mine', turns: [turn(1)] } }, USER);
    expect(recorded.data.recordTurns).toMatchObject({ code: 'INTERACTION_DELETED' });
    expect(await app.sql('select 1 from echo_unified_interactions')).toEqual([]);
    const anew = await app.graphql(
      RECORD,
      { input: { conversationId: 'mine', turns: [{ query: 'Hello again' }] } },
      USER,
    );
    expect(anew.data.recordTurns.interactions).toHaveLength(1);
  });

  test('reaches turns that waited in the journal of a server that was down', async () => {
    const mine = await startTestApp({ env: { CANARY_INTERVAL_MS: '0' } });
    const accepted = await app.graphql(RECORD, { input: { conversationId: 'mine', turns: [turn(1)] } }, USER);
    expect(accepted.data.recordTurns.interactions).toHaveLength(1);
    const [row] = await app.sql('select * from echo_unified_interactions');
    const waiting = {
      ...sample(USER),
      turnId: '0190a000-0000-7000-8000-000000000001',
      payloadHash: row?.payload_hash.toString('hex'),
    };
    // As a server leaves it that acknowledged a turn and was killed.
    await mine.app.services.journal.write({
      add: [{ kind: 'turns', stream: '', body: JSON.stringify([waiting]) }],
    });
    await app.graphql(ERASE, { userId: USER, confirm: USER });
    await mine.app.close();
    const restarted = await startTestApp({
      env: { DATA_DIR: mine.directory, DATABASE_URL: app.databaseUrl, CANARY_INTERVAL_MS: '0' },
    });
    try {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      expect(await app.sql('select 1 from echo_unified_interactions')).toEqual([]);
      // Whoever erased did not know of it.
      expect(
        await app.sql('select is_erased from echo_deleted_turns where turn_id = $1', [waiting.turnId]),
      ).toEqual([{ is_erased: true }]);
      expect(await traces(app, CANARY)).toEqual([]);
      for (const name of ['journal.db', 'journal.db-wal'])
        expect((await readFile(join(mine.directory, name))).includes(CANARY)).toBe(false);
    } finally {
      await restarted.close();
    }
  });

  test('needs the name once more, and an admin for others', async () => {
    await app.graphql(RECORD, { input: { conversationId: 'mine', turns: [turn(1)] } }, USER);
    expect((await app.graphql(ERASE, { confirm: 'me' }, USER)).data.eraseUser.message).toContain('confirm');
    const foreign = await app.graphql(ERASE, { userId: USER, confirm: USER }, 'eve');
    expect(foreign.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    expect(await app.sql('select count(*)::int from echo_unified_interactions')).toEqual([{ count: 1 }]);
    // Of somebody unknown there is nothing to erase, which is a receipt, too.
    expect((await app.graphql(ERASE, { confirm: 'eve' }, 'eve')).data.eraseUser.receipt.erased.turns).toBe(0);
  });
});
