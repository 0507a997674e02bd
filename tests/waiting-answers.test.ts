import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { interactionsByTurnId } from '../src/domains/interactions/reads.ts';
import type { InteractionRow } from '../src/domains/interactions/tables.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

const OWNER = { tenantId: 'default', userId: 'ada' };
const PAGE = `query ($first: Int, $last: Int, $after: String, $before: String) {
  conversation(conversationId: "c") {
    interactions(first: $first, last: $last, after: $after, before: $before) {
      edges { cursor } nodes { query response status sequence } pageInfo { hasNextPage } } } }`;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ env: { CANARY_INTERVAL_MS: '0' } });
  const { data } = await app.graphql(
    `mutation { recordTurns(input: { conversationId: "c", turns: [
      { query: "one", response: "1" }, { query: "two", response: "2" }, { query: "three", response: "3" }] }) {
      ... on RecordTurnsSuccess { interactions { turnId } } } }`,
    {},
    'ada',
  );
  const [, second] = data.recordTurns.interactions;
  await app.sql(
    "update echo_unified_interactions set status = 'INTERRUPTED', response = '' where turn_id = $1",
    [second.turnId],
  );
  const { db, store } = app.app.services;
  const [row] = await interactionsByTurnId(db, OWNER, [second.turnId]);
  const waits = (changes: Partial<InteractionRow>) =>
    ({ ...row, id: 0, sequence: 0, chainHash: Buffer.alloc(0), ...changes }) as InteractionRow;
  // As the journal of a server holds it that was killed and asked again while the database was away.
  vi.spyOn(store.pending, 'ofConversation').mockImplementation(() => [
    waits({}),
    waits({ status: 'ANSWERED', response: 'two at last' }),
    waits({ turnId: crypto.randomUUID(), query: 'four', status: 'ANSWERED', response: '4' }),
  ]);
});
afterAll(async () => {
  vi.restoreAllMocks();
  await app.close();
});

async function page(variables: Record<string, unknown>) {
  const { data } = await app.graphql(PAGE, variables, 'ada');
  return data.conversation.interactions;
}
const turns = [
  { query: 'one', response: '1', status: 'ANSWERED', sequence: 1 },
  { query: 'two', response: 'two at last', status: 'ANSWERED', sequence: 2 },
  { query: 'three', response: '3', status: 'ANSWERED', sequence: 3 },
  { query: 'four', response: '4', status: 'ANSWERED', sequence: 4 },
];

test('an interrupted turn whose answer waits in the journal is shown with it, at its place', async () => {
  expect((await page({ first: 10 })).nodes).toEqual(turns);
  expect((await page({ last: 3 })).nodes).toEqual(turns.slice(1));
});

test.each([1, 2, 3])('pages of %i show each turn once', async (first) => {
  const seen: unknown[] = [];
  for (let after: string | undefined, more = true; more; ) {
    const { nodes, edges, pageInfo } = await page({ first, after });
    seen.push(...nodes);
    after = edges.at(-1)?.cursor;
    more = pageInfo.hasNextPage;
  }
  expect(seen).toEqual(turns);
});

test('the older door shows the same', async () => {
  const response = await fetch(`${app.url}/api/echo/conversation/c`, { headers: { 'x-test-user': 'ada' } });
  const { history } = (await response.json()) as { history: { query: string; response: string }[] };
  expect(history.map(({ query, response: said }) => [query, said])).toEqual(
    turns.map(({ query, response: said }) => [query, said]),
  );
});
