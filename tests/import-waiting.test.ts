import { rm } from 'node:fs/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { directory, temporary } from './fixtures/import/support.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { importInto } from './support/import.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ patienceMs: 0, env: { ACK_DEADLINE_MS: '400' } });
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true, force: true });
});

const turns = (conversationId: string) =>
  [1, 2, 3].map((number) => JSON.stringify({ conversationId, query: `turn ${number}` })).join('\n');

/** While it may be read, and not written; or neither. */
async function locked(
  table: string,
  mode: string,
  meanwhile: (free: () => Promise<unknown>) => Promise<void>,
) {
  const locker = new pg.Client({ connectionString: app.databaseUrl });
  await locker.connect();
  await locker.query(`begin; lock table ${table} in ${mode} mode`);
  try {
    await meanwhile(() => locker.query('rollback'));
  } finally {
    await locker.end();
  }
}
const unwritable = (meanwhile: (free: () => Promise<unknown>) => Promise<void>) =>
  locked('echo_conversations', 'exclusive', meanwhile);
/** Frees the database as soon as the import says that it waits for it. */
const freeing = (free: () => Promise<unknown>) => ({
  onStderr: (text: string) => {
    if (/^waiting until .* has 3 turns that its journal keeps/m.test(text)) void free();
  },
});

test('while the database takes nothing, known turns count as known, and others wait and say what to do', async () => {
  const known = await temporary('known.jsonl', turns('known'));
  const other = await temporary('other.jsonl', turns('other'));
  expect(await importInto(app.url, [known])).toMatchObject({ code: 0, sent: 3, stored: 3, again: 0 });
  await unwritable(async () => {
    const again = await importInto(app.url, [known]);
    expect(again).toMatchObject({ code: 0, sent: 3, stored: 0, again: 3, waiting: Number.NaN });
    const others = await importInto(app.url, [other, other], { settlePatienceMs: 1 });
    expect(others).toMatchObject({ code: 0 });
    expect(others.stdout).toMatch(/^ {2}stored new +0$[\s\S]*^ {2}waiting +3$/m);
    expect(others.stdout).toContain("waiting: the server's journal has 3 turns safe on disk");
    expect(others.stdout).toContain('The same command again tells whether they are stored');
  });
  await expect.poll(async () => (await importInto(app.url, [other])).again).toBe(3);
});

test('what was acknowledged from the journal is waited for, and then counts as what it is', async () => {
  const file = await temporary('late.jsonl', turns('late'));
  await unwritable(async (free) => {
    expect(await importInto(app.url, [file], freeing(free))).toMatchObject({
      ...{ code: 0, sent: 3, stored: 3, again: 0, waiting: Number.NaN, uncertain: Number.NaN },
    });
  });
});

test('where the database could not even be read, the turns are stored, and whether they are new is not said', async () => {
  const file = await temporary('unread.jsonl', turns('unread'));
  await locked('echo_unified_interactions', 'access exclusive', async (free) => {
    const run = await importInto(app.url, [file], freeing(free));
    expect(run).toMatchObject({ code: 0, sent: 3, stored: 0, again: 0, uncertain: 3, waiting: Number.NaN });
    expect(run.stdout).toContain('uncertain: 3 turns stored, new or before');
  });
  expect(await importInto(app.url, [file])).toMatchObject({ sent: 3, stored: 0, again: 3 });
});
