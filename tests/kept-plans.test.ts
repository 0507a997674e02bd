import type { PoolClient } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

/** More often than PostgreSQL plans a statement for its values, on each of a few connections. */
const TIMES = 30;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ seed: true });
  for (const about of ['rivers', 'bridges', 'ferries'])
    await app.record(about, [
      { query: `Kai Nakamura told me of ${about}`, response: `All ${about} lead to the sea` },
      { query: `I like ${about}`, response: 'So I hear' },
    ]);
});
afterAll(() => app.close());

/** The statements that PostgreSQL plans anew each time, and the ones whose plans it keeps, of all connections. */
async function plans(): Promise<{ kept: string[]; anew: string[] }> {
  const { pool } = app.app.services.db;
  const held: PoolClient[] = [];
  const counts = new Map<string, number>();
  try {
    while (held.length < pool.totalCount) held.push(await pool.connect());
    for (const client of held) {
      const { rows } = await client.query<{ name: string; plans: number }>(
        'select name, generic_plans::int as plans from pg_prepared_statements',
      );
      for (const { name, plans } of rows) counts.set(name, (counts.get(name) ?? 0) + plans);
    }
  } finally {
    for (const client of held) client.release();
  }
  const named = (is: (plans: number) => boolean) =>
    [...counts].flatMap(([name, plans]) => (is(plans) ? [name.replace(/_[0-9a-f]{16}$/, '')] : [])).sort();
  return { kept: named((plans) => plans > 0), anew: named((plans) => plans === 0) };
}

test('what is read for each answer, search, turn and list is not planned anew each time', async () => {
  for (let time = 0; time < TIMES; time++) {
    await app.ask('Tell me about Kai Nakamura', undefined, {
      conversationId: 'asked',
      idempotencyKey: `asked ${time}`,
    });
    await app.search('rivers');
    await app.graphql('{ conversations(first: 2) { nodes { title } } }');
  }
  const { kept } = await plans();
  expect(kept).toEqual(
    expect.arrayContaining([
      ...[
        'conversation_page_listed',
        'index_postings',
        'interactions_by_turn_ids',
        'stored_turns',
        'turns_about',
      ],
    ]),
  );
});

test('turns are not read where nobody said the words', async () => {
  app.statements.length = 0;
  await app.search('zyzzyva');
  const sent = app.statements.map((name) => name.replace(/_[0-9a-f]{16}$/, ''));
  expect(sent).toContain('index_postings');
  expect(sent).not.toContain('pooled_turns');
});
