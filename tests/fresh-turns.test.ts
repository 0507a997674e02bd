import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Result, startTestApp, type TestApp } from './support/harness.ts';
import { type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';
import { overWebSocket } from './support/streams.ts';

const SEARCH = `query ($query: String!) { memorySearch(query: $query, limit: 50) {
  hits { score reasons interaction { query conversationId sequence } } } }`;
const ASK = 'mutation ($input: ProcessQueryInput!) { processQuery(input: $input) { __typename } }';
const STREAM = `subscription ($input: ProcessQueryInput!) { processQueryStream(input: $input) {
  ... on QueryAccepted { turnId } } }`;
const CANCEL = 'mutation ($id: ID!) { cancelQuery(turnId: $id) { __typename } }';

let provider: OpenAiServer;
let app: TestApp;
beforeAll(async () => {
  provider = await startOpenAiServer();
  app = await startTestApp({ env: { LLM_BASE_URL: provider.url, LLM_MODELS: 'quick=small' } });
  // All turns wait for the index.
  await app.app.services.indexWorker.stop();
});
afterAll(async () => {
  await app.close();
  await provider.close();
});
beforeEach(async () => {
  await app.sql('delete from echo_unified_interactions');
  await app.sql('delete from echo_index_queue');
});

/** What is found; how long ago something was said is in the score, too. */
const found = async (query: string): Promise<Result['data'][]> =>
  (await app.graphql(SEARCH, { query })).data.memorySearch.hits.map((hit: Result['data']) => ({
    ...hit,
    score: hit.score.toFixed(5),
  }));
const reasons = async (query: string) => (await found(query)).flatMap((hit: Result['data']) => hit.reasons);
const queries = async (query: string) =>
  (await found(query)).map(({ interaction }: Result['data']) => interaction.query);

/** Records turns, and waits until the database has them. */
async function recorded(conversationId: string, turns: readonly string[]): Promise<void> {
  await app.record(conversationId, turns);
  const stored = async () =>
    (
      await app.sql(
        'select from echo_index_queue q join echo_unified_interactions i on i.id = q.interaction_id where query = $1',
        [turns.at(-1)],
      )
    ).length;
  await expect.poll(stored).toBeGreaterThan(0);
}

test('of turns that wait for the index, a second search reads only those that came since', async () => {
  await recorded('harbour', ['The ferry left at nine', 'It was raining', 'We had tea on deck']);
  const first = await found('ferry');
  expect(first[0]).toMatchObject({ interaction: { query: 'The ferry left at nine' } });
  app.statements.length = 0;
  expect(await found('ferry')).toEqual(first);
  expect(app.statements.filter((name) => name.startsWith('index_t'))).toEqual([]);
  await recorded('harbour', ['The ferry came back at ten']);
  expect((await queries('ferry')).slice(0, 2).sort()).toEqual([
    'The ferry came back at ten',
    'The ferry left at nine',
  ]);
});

test('what is remembered of turns that wait finds as what is read anew, whatever came and went between', async () => {
  const names = ['ferry', 'kettle', 'violin', 'orchard'];
  const textOf = (at: number) => `The ${names[at % 4]} of ${names[(at * 7 + 1) % 4]} number ${at}`;
  const conversation = (at: number) => `walk ${at % 3}`;
  for (let at = 0; at < 24; at++) {
    await recorded(conversation(at), [textOf(at)]);
    if (at % 5 === 4) {
      // One from the middle goes, and with it what it lent to those around it.
      const [gone] = await app.sql<{ id: string }>(
        'select turn_id as id from echo_unified_interactions where conversation_id = $1 order by sequence offset 1 limit 1',
        [conversation(at)],
      );
      const { data } = await app.graphql(
        'mutation ($id: ID!) { deleteInteraction(turnId: $id) { __typename } }',
        { id: gone?.id },
      );
      expect(data.deleteInteraction).toEqual({ __typename: 'DeleteInteractionSuccess' });
    }
    // Some are in the index, and lend their words from there.
    if (at === 9)
      await app.sql(
        'delete from echo_index_queue where interaction_id in (select min(id) from echo_unified_interactions)',
      );
    if (at % 3 !== 2) continue;
    for (const name of names) {
      const remembered = await found(name);
      app.app.services.texts.clear();
      expect(remembered.length).toBeGreaterThan(0);
      expect(remembered).toEqual(await found(name));
      await found(names[0] as string);
    }
  }
});

test('a turn that waits and gets its answer late is found by it at once', async () => {
  const input = { conversationId: 'crossing', query: 'How was the crossing?', idempotencyKey: 'crossing' };
  provider.respondWith({ kind: 'stall' });
  for await (const { data } of overWebSocket(app.connect(), STREAM, { input }))
    if (data.processQueryStream.turnId) await app.graphql(CANCEL, { id: data.processQueryStream.turnId });
  await expect
    .poll(() => app.sql('select status from echo_unified_interactions'))
    .toEqual([{ status: 'INTERRUPTED' }]);
  expect(await queries('crossing')).toEqual([input.query]);
  expect((await reasons('marmalade')).join()).not.toContain('marmalade');
  provider.respondWith({ kind: 'answer', deltas: ['Rough, with marmalade.'] });
  await app.graphql(ASK, { input });
  await expect
    .poll(() => app.sql('select status from echo_unified_interactions'))
    .toEqual([{ status: 'ANSWERED' }]);
  expect((await reasons('marmalade')).join()).toContain('marmalade');
});

test('a turn that was put into the queue anew stands once beside those behind it that are remembered', async () => {
  const said = ['apple pie', 'plum cake', 'cherry tart', 'banana split', 'lemon curd'];
  await recorded('desserts', said);
  const first = await found('cherry tart');
  expect(first[0]).toMatchObject({ interaction: { query: 'cherry tart' } });
  // As a late answer does.
  await app.sql(`update echo_index_queue set queued_at = now() where interaction_id = (
    select id from echo_unified_interactions where query = 'cherry tart')`);
  expect(await found('cherry tart')).toEqual(first);
});
