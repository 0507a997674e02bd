import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json, text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AlertKind, defineAlert } from '../src/ground/promise.ts';
import { type DatabaseProxy, startDatabaseProxy } from './support/database-proxy.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

const TOKEN = '123456:a-token-that-nobody-may-see';
const BLOCKED = { ok: false, error_code: 403, description: 'Forbidden: bot was blocked by the user' };
const eventually = { interval: 150 };

/** What Telegram answers to a message. */
let answer: { ok: boolean; error_code?: number; description?: string } = { ok: true };
const chat: string[] = [];
const mails: string[] = [];
let telegram: Server;
let mail: SMTPServer;
let proxy: DatabaseProxy;
let app: TestApp;
beforeAll(async () => {
  telegram = createServer(async (request, response) => {
    const body = (await json(request)) as { text?: string };
    const isMessage = request.url?.endsWith('/sendMessage');
    const said = isMessage ? answer : { ok: true };
    if (isMessage && said.ok) chat.push(body.text ?? '');
    response
      .writeHead(said.error_code ?? 200, { 'content-type': 'application/json' })
      .end(JSON.stringify(said));
  }).listen(0, '127.0.0.1');
  await once(telegram, 'listening');
  mail = new SMTPServer({
    ...{ authOptional: true, disabledCommands: ['STARTTLS'], logger: false },
    onData: (stream, _session, done) => {
      void text(stream).then((message) => {
        mails.push(message);
        done();
      });
    },
  });
  await new Promise<void>((resolve) => mail.listen(0, '127.0.0.1', () => resolve()));
  proxy = await startDatabaseProxy();
  app = await startTestApp({
    patienceMs: 0,
    route: (url) => proxy.route(url),
    env: {
      TELEGRAM_BOT_TOKEN: TOKEN,
      TELEGRAM_CHAT_ID: '-100',
      TELEGRAM_API_URL: `http://127.0.0.1:${(telegram.address() as AddressInfo).port}`,
      SMTP_URL: `smtp://127.0.0.1:${(mail.server.address() as AddressInfo).port}`,
      ALERT_EMAIL_TO: 'ops@example.org',
    },
  });
});
afterAll(async () => {
  await proxy.restore().catch(() => undefined);
  await app.close();
  await proxy.close();
  telegram.closeAllConnections();
  telegram.close();
  await new Promise<void>((resolve) => mail.close(() => resolve()));
});

const planted = (name: string): AlertKind<string> =>
  defineAlert({ name, severity: 'CRITICAL', words: 'It is planted.', message: (detail) => detail });
const raise = (name: string) => app.app.services.alerts.raise(planted(name), 'it grows');
const inChat = (words: string) => chat.filter((message) => message.startsWith(words)).length;
const inMail = (words: string) =>
  mails.filter((message) => message.includes(`Subject: [Echo Brain] ${words}`)).length;

test('the first channel has an alert once; the next one where the bot was blocked, with its name', async () => {
  raise('first_one');
  await expect.poll(() => inChat('CRITICAL: first one'), eventually).toBe(1);
  answer = BLOCKED;
  raise('second_one');
  await expect.poll(() => inMail('CRITICAL: second one'), eventually).toBe(1);
  const { data } = await app.graphql(
    '{ alertChannels { name position lastError } activeAlerts { name told } }',
  );
  expect(data.alertChannels).toMatchObject([
    { name: 'telegram', position: 1, lastError: expect.stringContaining('bot was blocked') },
    { name: 'email', position: 2, lastError: null },
    { name: 'log', position: null, lastError: null },
  ]);
  const told = (name: string) => data.activeAlerts.find((one: { name: string }) => one.name === name).told;
  expect([told('first_one'), told('second_one')]).toEqual([['telegram'], ['email']]);
  expect(JSON.stringify(data)).not.toContain(TOKEN);
});

test('a channel is tried, and its failure is named', async () => {
  const TEST = `mutation ($name: String!) { testAlertChannel(name: $name) {
    __typename ... on TestChannelSuccess { delivery { status kind lastError } } ... on Error { message } } }`;
  const tried = async (name: string, user?: string) => {
    const { data, errors } = await app.graphql(TEST, { name }, user);
    return errors?.[0]?.extensions.code ?? data.testAlertChannel.delivery ?? data.testAlertChannel.__typename;
  };
  expect(await tried('telegram')).toMatchObject({
    ...{ status: 'DISCARDED', kind: 'alert.test' },
    lastError: expect.stringContaining('the chat does not let the bot write'),
  });
  expect(await tried('email')).toMatchObject({ status: 'DELIVERED', lastError: null });
  expect(await tried('pigeon')).toBe('NotFoundError');
  expect(await tried('email', 'ada')).toBe('FORBIDDEN');
});

test('nobody acknowledges, so the next channel hears of it', async () => {
  answer = { ok: true };
  raise('third_one');
  await expect.poll(() => inChat('CRITICAL: third one'), eventually).toBe(1);
  await app.sql(`update echo_alerts set tell_at = now() where name = 'third_one'`);
  await expect.poll(() => inMail('STILL CRITICAL: third one'), eventually).toBe(1);
  expect(inChat('CRITICAL: third one')).toBe(1);
});

test('that the database is down is told without it, once, and entered when it is back', async () => {
  await proxy.refuse();
  await app.graphql('mutation { processQuery(input: { query: "Hello" }) { __typename } }');
  await expect.poll(() => inChat('CRITICAL: database down'), eventually).toBe(1);
  await proxy.restore();
  await expect.poll(() => inChat('OVER: database down'), eventually).toBe(1);
  expect(inChat('CRITICAL: database down')).toBe(1);
  const [row] = await app.sql(`select status, told from echo_alerts where name = 'database_down'`);
  expect(row).toEqual({ status: 'RESOLVED', told: ['telegram'] });
});
