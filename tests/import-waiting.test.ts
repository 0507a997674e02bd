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
const waitingOf = (stdout: string) => Number(/^ {2}waiting +(\d+)$/m.exec(stdout)?.[1] ?? 0);

test('while the database takes nothing, known turns count as known, and others as not known to be new', async () => {
  const known = await temporary('known.jsonl', turns('known'));
  const other = await temporary('other.jsonl', turns('other'));
  expect(await importInto(app.url, [known])).toMatchObject({ code: 0, sent: 3, stored: 3, again: 0 });
  const locker = new pg.Client({ connectionString: app.databaseUrl });
  await locker.connect();
  // It may be read, and not written.
  await locker.query('begin; lock table echo_conversations in exclusive mode');
  try {
    const again = await importInto(app.url, [known]);
    expect(again).toMatchObject({ code: 0, sent: 3, stored: 0, again: 3 });
    expect(waitingOf(again.stdout)).toBe(0);
    const others = await importInto(app.url, [other]);
    expect(others).toMatchObject({ code: 0, sent: 3, stored: 0, again: 0 });
    expect(waitingOf(others.stdout)).toBe(3);
    expect(others.stdout).toContain("3 turns kept by the server's journal until its database takes them");
  } finally {
    await locker.end();
  }
  await expect.poll(async () => (await importInto(app.url, [other])).again).toBe(3);
});
