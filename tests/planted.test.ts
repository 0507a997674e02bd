import { readFileSync } from 'node:fs';
import { getTableName, is } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Duty } from '../src/db/duty.ts';
import { countLeft, eraseRows } from '../src/db/erasure.ts';
import { TRIGGERS, type TriggerRow, triggersIn, triggersOf } from '../src/domains/audit/triggers.ts';
import { restoreLines } from '../src/domains/privacy/restore.ts';
import { PRODUCT } from '../src/lists/product.ts';
import * as listed from '../src/lists/tables.ts';
import { sealAudit } from './support/audit.ts';
import { violations } from './support/boundaries.ts';
import { deletesByAge, forgotten, overdue, unexported } from './support/duties.ts';
import { placesOf } from './support/every-field.ts';
import { exportedLines, lostLines, restored } from './support/exports.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { missingPolicy, rowsOf, VICTIM, withoutVictim } from './support/isolation.ts';
import { MIGRATION, WITH_WISHES } from './support/planted/lists.ts';
import * as declared from './support/planted/promises.ts';
import { duty, wishes } from './support/planted/tables.ts';
import { differences, forgotten as forgottenPromises } from './support/promises.ts';
import { SqlWrites, sourcesOfPlanted, sourcesOfServer } from './support/sql-writes.ts';
import { runTask, untilTask } from './support/tasks.ts';

const MAKE = `mutation ($said: String!, $dueAt: DateTime) { makeWish(input: { said: $said, dueAt: $dueAt }) {
  ... on MakeWishSuccess { wish { wishId said dueAt } } ... on Error { message } } }`;
const ERASE = `mutation ($confirm: String!) { eraseUser(confirm: $confirm) {
  ... on EraseUserSuccess { receipt } ... on Error { message } } }`;
const planted = {
  lists: WITH_WISHES,
  migration: MIGRATION,
  env: { CANARY_INTERVAL_MS: '0' },
};
const sent = new Set<string>();
let app: TestApp;
let other: TestApp;
beforeAll(async () => {
  app = await startTestApp({ ...planted, onSql: (name) => sent.add(name) });
  other = await startTestApp(planted);
});
afterAll(() => app.close());

const wish = (user: string, said: string, dueAt?: string) => app.graphql(MAKE, { said, dueAt }, user);
const runbook = readFileSync(new URL('../docs/runbook.md', import.meta.url), 'utf8');
const ownRunbook = readFileSync(new URL('support/planted/runbook.md', import.meta.url), 'utf8');
const tables = Object.values(listed).flatMap((table) => (is(table, PgTable) ? [table] : []));
const kindsOf = (sections: typeof PRODUCT.sections) => new Set(sections.flatMap(({ kinds }) => kinds));

/** The sources of the planted domain as they would stand among the others. */
const housed = sourcesOfPlanted()
  .filter(({ path }) => !path.endsWith('/lists.ts'))
  .map(({ path, source }) => ({
    path: path.replace('tests/support/planted', 'src/domains/wishes'),
    source: source.replaceAll("'../../../src/", "'../../"),
  }));

describe('a domain that is only in its folder and in the lists', () => {
  test('has a mutation and a list in pages, each for its caller', async () => {
    for (const said of ['a pony', 'a boat', 'a kite']) {
      const { data } = await wish('rin', said, '2999-01-01T00:00:00Z');
      expect(data.makeWish.wish).toMatchObject({ said, dueAt: '2999-01-01T00:00:00.000Z' });
    }
    await wish('sam', 'peace');
    const list = `query ($after: String) { wishes(first: 2, after: $after) {
      nodes { said } pageInfo { hasNextPage endCursor } } }`;
    const { data: first } = await app.graphql(list, {}, 'rin');
    expect(first.wishes).toMatchObject({
      nodes: [{ said: 'a kite' }, { said: 'a boat' }],
      pageInfo: { hasNextPage: true },
    });
    const { data: second } = await app.graphql(list, { after: first.wishes.pageInfo.endCursor }, 'rin');
    expect(second.wishes).toMatchObject({ nodes: [{ said: 'a pony' }], pageInfo: { hasNextPage: false } });
    const { data: refused } = await wish('rin', 'x'.repeat(501));
    expect(refused.makeWish.message).toContain('said: must have 1 to 500 characters');
  });

  test('has what it does in the audit log', async () => {
    await sealAudit(app);
    expect(
      await app.sql(
        "select count(*)::int as rows from echo_audit_log where action = 'wish.make' and tenant_id = 'default'",
      ),
    ).toEqual([{ rows: 4 }]);
  });

  test('has a round that is shown, a promise that it breaks, and an alert', async () => {
    const seen = async () => {
      const { data } = await app.graphql(
        '{ keepers { name state } health { checks { name status detail } } activeAlerts { name message } }',
      );
      const byName = (list: { name: string }[], name: string) => list.find((each) => each.name === name);
      return {
        keeper: byName(data.keepers, 'wishes'),
        check: byName(data.health.checks, 'wishes'),
        alert: byName(data.activeAlerts, 'wishes_late'),
      };
    };
    expect(await seen()).toMatchObject({
      keeper: { state: expect.stringMatching(/IDLE|RUNNING/) },
      check: { status: 'HEALTHY', detail: '0 are late' },
      alert: undefined,
    });
    await wish('tom', 'yesterday', '2020-01-01T00:00:00Z');
    await expect.poll(seen).toMatchObject({
      check: { status: 'DEGRADED', detail: '1 are late' },
      alert: { message: '1 are late' },
    });
    await app.sql("delete from wishes where user_id = 'tom'");
    await expect.poll(seen).toMatchObject({ check: { status: 'HEALTHY' }, alert: undefined });
  });

  test('is exported and restored, in pages that end anywhere, and counted', async () => {
    const lines = await exportedLines(app, 'rin', 1);
    expect(lines.map((line) => JSON.parse(line).said).sort()).toEqual(['a boat', 'a kite', 'a pony']);
    expect(await exportedLines(app, 'rin')).toEqual(lines);
    expect(await lostLines(other, 'rin', lines)).toEqual([]);
    const { data } = await other.graphql(
      '{ exportUser { manifest { turns lines { kind count } } } wishes { nodes { said } } }',
      {},
      'rin',
    );
    expect(data.exportUser.manifest).toEqual({ turns: 0, lines: [{ kind: 'wish', count: 3 }] });
    expect(data.wishes.nodes).toHaveLength(3);
    const again = `mutation ($lines: [String!]!) {
      restoreUser(lines: $lines) { ... on RestoreUserSuccess { turns lines { kind count } } } }`;
    expect((await other.graphql(again, { lines }, 'rin')).data.restoreUser).toEqual({ turns: 0, lines: [] });
    await other.sql("delete from wishes where said = 'a kite'");
    expect((await other.graphql(again, { lines }, 'rin')).data.restoreUser.lines).toEqual([
      { kind: 'wish', count: 1 },
    ]);
  });

  test('is erased, counted in the receipt, and no old export brings it back', async () => {
    const lines = await exportedLines(other, 'rin');
    const { data } = await other.graphql(ERASE, { confirm: 'rin' }, 'rin');
    expect(data.eraseUser.receipt).toMatchObject({ erased: { wishes: 3 }, left: { wishes: 0 } });
    expect(await other.sql('select 1 from wishes')).toEqual([]);
    await expect(restored(other, 'rin', lines)).rejects.toThrow('lines.0.madeAt: must be after');
  });

  test('keeps the rules of the house, and is nowhere else in the sources', () => {
    expect(housed.length).toBeGreaterThan(6);
    const sources = sourcesOfServer();
    expect(violations([...sources, ...housed])).toEqual([]);
    const naming = /wishes\b.*\/tables|domains\/wishes|\bwish_|\bWish[A-Z]/;
    expect(sources.filter(({ source }) => naming.test(source)).map(({ path }) => path)).toEqual([]);
  });
});

describe('what such a domain forgets is seen:', () => {
  test('its duties', () => {
    expect(forgotten([...tables, wishes], PRODUCT.duties)).toEqual(['wishes has no duties']);
    expect(forgotten([...tables, wishes], WITH_WISHES.duties)).toEqual([]);
    expect(forgotten(tables, WITH_WISHES.duties)).toEqual(['wishes is not in the list of tables']);
  });

  test('to erase', async () => {
    const kept: Duty = { ...duty, erasure: { rows: 'keep', why: 'they are dear to us' } };
    expect(forgotten([wishes], [kept])).toEqual(['wishes keeps the rows of a user who is erased']);
    // The proof finds what an erasure left that did not know of it.
    const { db } = app.app.services;
    const sam = { tenantId: 'default', userId: 'sam' };
    const { keys } = await db.transaction((client) => eraseRows(client, sam, PRODUCT.duties));
    expect(await countLeft(db.pool, sam, keys, WITH_WISHES.duties)).toMatchObject({ wishes: 1, turns: 0 });
  });

  test('to export', () => {
    expect(unexported(WITH_WISHES.duties, kindsOf(PRODUCT.sections))).toEqual([
      'no line of an export is a "wish"',
    ]);
    expect(unexported(PRODUCT.duties, kindsOf(WITH_WISHES.sections))).toEqual([
      'no table says that its rows are exported as "wish"',
    ]);
    expect(unexported(WITH_WISHES.duties, kindsOf(WITH_WISHES.sections))).toEqual([]);
  });

  test('to restore', async () => {
    const lines = await exportedLines(app, 'sam');
    const owner = { tenantId: 'default', userId: 'sam' };
    const { services } = other.app;
    const forgetful = WITH_WISHES.sections.map((section) => ({
      ...section,
      restoration: (...[of, erased]: Parameters<typeof section.restoration>) => ({
        ...section.restoration(of, erased),
        store: async () => ({}),
      }),
    }));
    const forget = (some: readonly string[]) => restoreLines(services, forgetful, owner, some);
    expect(await lostLines(other, 'sam', lines, forget)).toEqual(lines);
    // A server without the domain says so.
    await expect(restoreLines(services, PRODUCT.sections, owner, lines)).rejects.toThrow(
      'lines.0.kind: "wish" is no kind of line that this version knows',
    );
    expect(await lostLines(other, 'sam', lines)).toEqual([]);
  });

  test('the trigger of what is audited', async () => {
    const missing = async () => {
      const found = triggersIn(await other.sql<TriggerRow>(TRIGGERS));
      return triggersOf(WITH_WISHES.duties).filter((trigger) => !found.includes(trigger));
    };
    expect(await missing()).toEqual([]);
    await other.sql('drop trigger audit_wish_make on wishes');
    expect(await missing()).toEqual(['wishes INSERT: wish.make wish_id user_id']);
  });

  test('the victim of the tests of isolation, and whose what a caller gives is', async () => {
    const without = async () =>
      withoutVictim(WITH_WISHES.duties, await rowsOf(app.sql, WITH_WISHES.duties, VICTIM));
    expect(await without()).toContain('wishes');
    await wish(VICTIM, 'to be left alone');
    expect(await without()).not.toContain('wishes');
    const own = placesOf(WITH_WISHES.schema()).root.filter(({ field }) => /wish/i.test(field));
    expect(own.map(missingPolicy).filter((problem) => problem !== null)).toEqual([
      'Mutation.makeWish(input.dueAt): say in tests/support/isolation.ts whose "dueAt" is',
      'Mutation.makeWish(input.said): say in tests/support/isolation.ts whose "said" is',
    ]);
  });

  test('to leave what others store to them', async () => {
    const writes = new SqlWrites([...sourcesOfServer(), ...sourcesOfPlanted()]);
    expect(writes.judge('make_wish', 'insert into wishes (said) values ($1)')).toBeNull();
    const { db } = other.app.services;
    await db.pool.query({
      name: 'make_wish',
      text: 'update echo_conversations set pinned = true where false',
    });
    // The last thing that this server does.
    await expect(other.close()).rejects.toThrow(
      '"make_wish" of tests/support/planted/wishes.ts writes echo_conversations',
    );
  });

  test('its promise, and what the runbook says of it', () => {
    expect(forgottenPromises(PRODUCT.promises, declared)).toEqual(['comingTrue']);
    expect(forgottenPromises(WITH_WISHES.promises, declared)).toEqual([]);
    expect(differences(WITH_WISHES.promises, runbook)).toEqual([
      'not in the runbook: wishes | Wishes come true in time. | ',
      'not in the runbook: docs/runbook.md#wishes_late WARNING: Wishes have not come true in time.',
    ]);
    expect(differences([declared.comingTrue], ownRunbook)).toEqual([]);
  });

  test('that what goes round is a keeper', () => {
    const rounds = housed.find(({ path }) => path.endsWith('/rounds.ts'));
    const bare = 'setInterval(() => void this.#round(), ROUND_MS);';
    const source = rounds?.source.replace('this.#keeper.start();', bare) ?? '';
    expect(source).toContain(bare);
    expect(violations([{ path: 'src/domains/wishes/rounds.ts', source }])).toEqual([
      'src/domains/wishes/rounds.ts: goes round by a timer of its own: use a keeper',
    ]);
  });

  test('that somebody must delete what is kept for some time only', async () => {
    const { taskId } = await runTask(app, { type: 'retention' });
    await untilTask(app, taskId, 'COMPLETED');
    expect(overdue(WITH_WISHES.duties, sent)).toEqual([]);
    // As a server does it that has only the product's list.
    const ofProduct = new Set([...sent].filter((name) => name !== `delete_outdated_${getTableName(wishes)}`));
    expect(overdue(WITH_WISHES.duties, ofProduct)).toEqual(['wishes']);
    expect(deletesByAge("text: `delete from wishes where made_at < now() - interval '400 days'`")).toBe(true);
  });
});
