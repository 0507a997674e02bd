import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { webhookCalls } from './support/webhooks.ts';

let app: TestApp;
let calls: ReturnType<typeof webhookCalls>;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver(() => 500);
  app = await startTestApp({
    env: { OUTBOUND_ALLOW: '127.0.0.1', MASTER_KEY: '5e'.repeat(32), ALERT_WEBHOOK_URL: receiver.url },
  });
  calls = webhookCalls(app.graphql);
});
afterAll(async () => {
  await app.close();
  await receiver.close();
});
const eventually = { interval: 150 };

test('one that is tried again behind another of its order waits for it, and nobody asks for it again and again meanwhile', async () => {
  const made = await calls.made({ url: receiver.url, events: ['INTERACTION_ADDED'] }, 'ada');
  await app.record('stubborn', ['1', '2'], 'ada');
  const nodes = async () => (await calls.see(made.webhookId, 'ada')).deliveries.nodes;
  await expect.poll(nodes, eventually).toMatchObject([{ attempts: 0 }, { attempts: 1 }]);
  await app.sql("update echo_deliveries set due_at = now() + interval '1 hour' where channel = 'webhook'");
  const held = "select 1 from echo_delivery_targets where channel = 'webhook' and lease_token is not null";
  await expect.poll(() => app.sql(held), eventually).toEqual([]);

  const [second] = await nodes();
  expect((await calls.change('discardDelivery', second.deliveryId, 'ada')).delivery.status).toBe('DISCARDED');
  app.statements.length = 0;
  expect((await calls.change('retryDelivery', second.deliveryId, 'ada')).delivery.status).toBe('PENDING');
  const looks = () => app.statements.filter((name) => name === 'claim_delivery_target').length;
  await expect.poll(looks, eventually).toBeGreaterThan(2);
  // Nobody took the target, to find nothing that may go.
  expect(app.statements).not.toContain('prolong_delivery_target');
  // And it keeps nobody waiting who could go.
  await app.sql(
    "update echo_deliveries set due_at = now() - interval '400 s' where channel = 'webhook' and attempts = 0",
  );
  const { data } = await app.graphql('{ health { checks { name status } } }');
  expect(data.health.checks).toContainEqual({ name: 'deliveries', status: 'HEALTHY' });

  receiver.answers(() => 204);
  await app.sql("update echo_deliveries set due_at = now() where channel = 'webhook' and attempts > 0");
  await expect.poll(nodes, eventually).toMatchObject([{ status: 'DELIVERED' }, { status: 'DELIVERED' }]);
  await calls.remove(made.webhookId, 'ada');
});

describe('what goes to no tenant', () => {
  const LIST = '{ deliveries(first: 50) { nodes { deliveryId channel kind } } }';
  const listed = async (user?: string) => (await app.graphql(LIST, {}, user)).data.deliveries.nodes;
  const TEST = `mutation { testAlertChannel(name: "webhook") {
    ... on TestChannelSuccess { delivery { deliveryId status } } ... on Error { code message } } }`;

  test('is seen and changed by the operator alone', async () => {
    const { data } = await app.graphql(TEST);
    const { deliveryId } = data.testAlertChannel.delivery;
    expect(await listed()).toContainEqual({ deliveryId, channel: 'alert', kind: 'alert.test' });
    expect(await listed('@acme:eve')).toEqual([]);
    await app.sql(
      "update echo_deliveries set status = 'PENDING', due_at = now() + interval '1 hour' where delivery_id = $1",
      [deliveryId],
    );
    for (const change of ['discardDelivery', 'retryDelivery'] as const)
      expect(await calls.change(change, deliveryId, '@acme:eve')).toMatchObject({ code: 'NOT_FOUND' });
    expect((await calls.change('discardDelivery', deliveryId)).delivery.status).toBe('DISCARDED');
    const { errors } = await app.graphql(TEST, {}, '@acme:eve');
    expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });

  test('an admin of a tenant still sees what goes to its own', async () => {
    const made = await calls.made(
      { url: receiver.url, events: ['INTERACTION_ADDED'], ofTenant: true },
      '@acme:eve',
    );
    await app.record('theirs', ['1'], '@acme:fay');
    await expect.poll(() => listed('@acme:eve'), eventually).toMatchObject([{ kind: 'interaction.added' }]);
    await calls.remove(made.webhookId, '@acme:eve');
  });
});
