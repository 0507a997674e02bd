import { afterEach, expect, test } from 'vitest';
import { startTestApp } from './support/harness.ts';
import { learning } from './support/learning.ts';
import { type Received, startReceiver } from './support/receiver.ts';

const eventually = { timeout: 60_000, interval: 150 };

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const keyOf = ({ headers }: Received) => headers['idempotency-key'];
const categoriesOf = (messages: readonly Received[]) => messages.map(({ body }) => body.tags[1]).sort();

async function startBase() {
  const base = await startReceiver(() => 201);
  closing.push(() => base.close());
  return base;
}

test('what a run found is told once, a category an article, however often the service fails', async () => {
  const base = await startBase();
  const app = await startTestApp({ env: { KNOWLEDGE_BASE_URL: `http://127.0.0.1:${base.port}/` } });
  closing.push(() => app.close());
  const seen = learning(app);
  // It takes the first one, and its answer is lost, as when the server is killed then; the next two it fails at.
  const lost: unknown[] = [];
  base.answers(({ headers }) => {
    if (lost.push(headers['idempotency-key']) === 1) throw new Error('the line is cut');
    return base.got.length < 2 ? 500 : 201;
  });
  await app.record(
    'talk',
    [
      { query: 'I live in Lisbon. I like fado.', timestamp: '2025-03-01T09:00:00Z' },
      { query: 'I like tiles. My password is hunter2-Xy9!', timestamp: '2025-03-01T09:01:00Z' },
    ],
    'ada',
  );
  const { runs } = await seen.learn('ada');
  await expect.poll(() => categoriesOf(base.taken), eventually).toEqual(['place', 'preference']);
  expect(base.got.map(({ status }) => status).sort()).toEqual([201, 201, 500, 500]);
  // Each came again as itself.
  expect(new Set(lost)).toEqual(new Set(base.taken.map(keyOf)));
  expect(lost.length).toBeGreaterThan(4);
  const tastes = base.taken.find(({ body }) => body.tags[1] === 'preference');
  expect(tastes?.body).toEqual({
    title: expect.stringMatching(/^Learned of ada \(preference\), \d{4}-\d\d-\d\d$/),
    content: '- user likes fado (said on 2025-03-01)\n- user likes tiles (said on 2025-03-01)',
    category: 'echo_learning',
    tags: ['echo-brain', 'preference', 'user:ada', `run:${runs[0]?.runId}`],
  });
  // A run that only hears it again has nothing to tell; what is taken back before it is sent is left out.
  base.answers(() => 503);
  await app.record('talk', [{ query: 'I like fado. I have a cat called Bo. I like tea.' }], 'ada');
  await seen.learn('ada');
  await expect.poll(() => base.got.length, eventually).toBeGreaterThan(4);
  const [bo] = await seen.facts('ada', { text: 'Bo' });
  await app.graphql(
    'mutation ($id: ID!) { retractFact(factId: $id) { __typename } }',
    { id: bo.factId },
    'ada',
  );
  base.answers(() => 409);
  const states = () => app.sql("select status, payload->>'category' as of from echo_deliveries order by id");
  await app.sql('update echo_delivery_targets set blocked_until = null');
  await app.sql("update echo_deliveries set due_at = now() where status = 'PENDING'");
  await expect.poll(states, eventually).toEqual([
    { status: 'DELIVERED', of: 'PLACE' },
    { status: 'DELIVERED', of: 'PREFERENCE' },
    { status: 'DISCARDED', of: 'POSSESSION' },
    { status: 'DELIVERED', of: 'PREFERENCE' },
  ]);
  expect(base.got.at(-1)?.body.content).toMatch(/^- user likes tea \(said on [\d-]+\)$/);
  expect(JSON.stringify(base.got)).not.toContain('hunter2');
});

test('nothing is told without the setting', async () => {
  const app = await startTestApp();
  closing.push(() => app.close());
  const { data } = await app.graphql('{ keepers { name } }');
  const names = data.keepers.map(({ name }: { name: string }) => name);
  expect(names).toContain('deliveries');
  expect(names).not.toContain('articles');
  expect([...app.app.services.tasks.jobs.keys()]).toContain('learn');
});
