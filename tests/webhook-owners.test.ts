import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Result, startTestApp, type TestApp } from './support/harness.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { webhookCalls } from './support/webhooks.ts';

const ADMIN_KEY = 'key-of-the-operator';
let app: TestApp;
let receiver: Receiver;
beforeAll(async () => {
  app = await startTestApp({
    realAccess: true,
    env: { API_KEY: ADMIN_KEY, AUTH: 'required', OUTBOUND_ALLOW: '127.0.0.1' },
  });
  receiver = await startReceiver();
});
afterAll(async () => {
  await app.close();
  await receiver.close();
});

async function send(query: string, variables: object = {}, key: string = ADMIN_KEY): Promise<Result> {
  const response = await fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as Result;
}
const calls = webhookCalls(send as never);

async function keyOf(userId: string, permissions?: string) {
  const { data } = await send(
    `mutation { createApiKey(input: { name: "x", userId: "${userId}" ${permissions ? `permissions: [${permissions}]` : ''} }) {
      ... on CreateApiKeySuccess { key apiKey { keyId } } } }`,
  );
  return { key: data.createApiKey.key as string, keyId: data.createApiKey.apiKey.keyId as string };
}
const say = (key: string, query: string) =>
  send(
    `mutation { recordTurns(input: { conversationId: "c", turns: [{ query: "${query}" }] }) { __typename } }`,
    {},
    key,
  );
const eventually = { interval: 150 };

test('a webhook does not outlive the key that it was made with', async () => {
  const [first, second] = [await keyOf('ada'), await keyOf('ada')];
  const made = await calls.made({ url: receiver.url, events: ['INTERACTION_ADDED'] }, first.key);
  await say(second.key, 'heard');
  await expect.poll(() => receiver.got.length, eventually).toBe(1);
  await send(`mutation { revokeApiKey(keyId: "${first.keyId}") { __typename } }`);
  await say(second.key, 'unheard');
  await expect
    .poll(() => calls.see(made.webhookId, second.key), eventually)
    .toMatchObject({
      state: 'SUSPENDED',
      problem: 'the key or token that it was made with was revoked',
      waiting: 1,
    });
  expect(receiver.got).toHaveLength(1);
  expect((await calls.try(made.webhookId, second.key)).message).toContain('was revoked');
  // An admin lets somebody else's go on no more than it may.
  await calls.update(made.webhookId, { paused: false });
  await expect.poll(async () => (await calls.see(made.webhookId)).state, eventually).toBe('SUSPENDED');
  // Who may still come in answers for it from now on.
  await calls.update(made.webhookId, { paused: false }, second.key);
  await expect.poll(() => receiver.got.length, eventually).toBe(2);
});

test('a key that may only write makes no webhook, by which it would read', async () => {
  const { key } = await keyOf('ben', 'WRITE');
  const { errors, data } = await calls.create({ url: receiver.url, events: ['INTERACTION_ADDED'] }, key);
  expect(data?.createWebhook ?? null).toBeNull();
  expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
});
