import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { EmailWay } from '../src/domains/alerts/email.ts';
import type { Outcome } from '../src/domains/deliveries/channel.ts';
import { type AlertKind, defineAlert } from '../src/ground/promise.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { startTelegram, type TelegramDouble } from './support/telegram-double.ts';

const eventually = { timeout: 60_000, interval: 150 };
const TEST = `mutation ($name: String!) { testAlertChannel(name: $name) {
  ... on TestChannelSuccess { delivery { status lastStatus lastError } } } }`;
const ALERTS = '{ activeAlerts { alertId name told changes { kind note } } }';

/** What the mail server answers to a sender; null: nothing is wrong. */
let refusal: { readonly code: number; readonly words: string } | null = null;
/** A receiver whom the mail server does not know; null: it knows all. */
let unknown: string | null = null;
const mails: string[] = [];
let telegram: TelegramDouble;
let receiver: Receiver;
let mail: SMTPServer;
let stalling: SMTPServer;
let app: TestApp;

async function startMail(options: SMTPServerOptions): Promise<SMTPServer> {
  const server = new SMTPServer({
    ...{ authOptional: true, disabledCommands: ['STARTTLS'], logger: false },
    ...options,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return server;
}
const urlOf = (server: SMTPServer) => `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`;

/** A mail that nobody takes, begun before the others so that they need not wait for it. */
let stalled: Promise<Outcome>;
async function startStalled(): Promise<SMTPServer> {
  const stalling = await startMail({ onConnect: () => undefined });
  const way = new EmailWay({ url: () => urlOf(stalling), to: ['ops@example.org'], from: null });
  const at = new Date();
  const message = { id: 'm', type: 'alert.raised', at, severity: null, subject: 's', lines: [], data: {} };
  stalled = way.send(message, AbortSignal.timeout(120_000));
  return stalling;
}

beforeAll(async () => {
  stalling = await startStalled();
  telegram = await startTelegram();
  receiver = await startReceiver();
  mail = await startMail({
    onMailFrom: (_address, _session, done) =>
      done(refusal && Object.assign(new Error(refusal.words), { responseCode: refusal.code })),
    onRcptTo: ({ address }, _session, done) =>
      done(address === unknown ? Object.assign(new Error('no such user'), { responseCode: 550 }) : null),
    onData: (stream, _session, done) => {
      void text(stream).then((message) => {
        mails.push(message);
        done();
      });
    },
  });
  app = await startTestApp({
    env: {
      ...{ ...telegram.env, TELEGRAM_TOPIC_ID: '42' },
      ...{ SMTP_URL: urlOf(mail), ALERT_EMAIL_TO: 'ops@example.org,second@example.org' },
      ...{ ALERT_WEBHOOK_URL: receiver.url, OUTBOUND_ALLOW: '127.0.0.1' },
      ALERT_CHANNELS: 'webhook,telegram,email',
    },
  });
});
afterAll(async () => {
  await app.close();
  await Promise.all([telegram.close(), receiver.close()]);
  for (const server of [mail, stalling]) await new Promise<void>((resolve) => server.close(() => resolve()));
});

const planted = (name: string): AlertKind<string> =>
  defineAlert({ name, severity: 'CRITICAL', words: 'It is planted.', message: (detail) => detail });
const raise = (name: string) => app.app.services.alerts.raise(planted(name), 'it grows');
const tried = async (name: string) =>
  (await app.graphql(TEST, { name })).data.testAlertChannel.delivery as Record<string, unknown>;
const inMail = (words: string) =>
  mails.filter((message) => message.includes(`Subject: [Echo Brain] ${words}`)).length;
const hooked = (name: string) => receiver.taken.filter(({ body }) => body.data?.name === name).length;
const shown = async (name: string) =>
  (await app.graphql(ALERTS)).data.activeAlerts.find((one: { name: string }) => one.name === name);

test('each refusal is named by what is to be done about it', async () => {
  telegram.answers({ ok: false, error_code: 401, description: 'Unauthorized' });
  expect(await tried('telegram')).toMatchObject({
    ...{ status: 'DISCARDED', lastStatus: 401 },
    lastError: 'the bot’s token is wrong or was revoked; see TELEGRAM_BOT_TOKEN (401: Unauthorized)',
  });
  telegram.answers({ ok: false, error_code: 400, description: 'Bad Request: chat not found' });
  expect((await tried('telegram')).lastError).toContain('see TELEGRAM_CHAT_ID');
  telegram.answers({ ok: false, error_code: 400, description: 'Bad Request: message thread not found' });
  expect((await tried('telegram')).lastError).toContain('see TELEGRAM_TOPIC_ID');
  expect(telegram.asked.at(-1)?.topic).toBe(42);
  refusal = { code: 550, words: 'nobody of that name' };
  expect((await tried('email')).lastError).toMatch(/refuses the message for good: .*nobody of that name/);
  refusal = { code: 451, words: 'come later' };
  expect(await tried('email')).toMatchObject({
    ...{ status: 'DISCARDED', lastStatus: 451 },
    lastError: expect.stringMatching(/^the mail server answered .*come later/),
  });
});

test('a mail that not all receivers get is not sent again, and says who does not', async () => {
  refusal = null;
  unknown = 'second@example.org';
  const before = mails.length;
  expect(await tried('email')).toMatchObject({
    status: 'DELIVERED',
    lastError: 'the mail server does not take it for se…@example.org; see ALERT_EMAIL_TO',
  });
  expect(mails.length).toBe(before + 1);
  unknown = null;
  expect(await tried('email')).toMatchObject({ status: 'DELIVERED', lastError: null });
});

test('who was snoozed is told of again by all channels, one after the other', async () => {
  telegram.answers({ ok: true });
  refusal = null;
  raise('third_one');
  await expect.poll(async () => (await shown('third_one'))?.told?.length ?? 0, eventually).toBeGreaterThan(0);
  const due = () => app.sql(`update echo_alerts set tell_at = now() where name = 'third_one'`);
  const told = async () => (await shown('third_one')).told as string[];
  while ((await told()).length < 3) {
    const { length } = await told();
    await due();
    await expect.poll(async () => (await told()).length, eventually).toBeGreaterThan(length);
  }
  const { alertId } = await shown('third_one');
  const SNOOZE = 'mutation ($id: ID!) { snoozeAlert(alertId: $id, minutes: 5) { __typename } }';
  expect((await app.graphql(SNOOZE, { id: alertId })).data.snoozeAlert.__typename).toBe('AlertSuccess');
  await due();
  await expect.poll(told, eventually).toHaveLength(1);
  await due();
  await expect.poll(told, eventually).toHaveLength(2);
  const { changes } = await shown('third_one');
  expect(changes.map(({ kind }: { kind: string }) => kind)).toEqual([
    ...['RAISED', 'ESCALATED', 'ESCALATED', 'SNOOZED', 'WOKEN', 'ESCALATED'],
  ]);
  // Who heard of it at any time hears that it is over.
  app.app.services.alerts.clear(planted('third_one'), 'it was mown');
  await expect.poll(() => inMail('OVER: third one'), eventually).toBe(1);
  await expect.poll(() => telegram.taken('OVER: third one').length, eventually).toBe(1);
  await expect
    .poll(() => receiver.taken.filter(({ body }) => body.type === 'alert.cleared').length, eventually)
    .toBe(1);
  expect(hooked('third_one')).toBeGreaterThan(1);
});

test('what is down hands on to the next one, a pause that is asked for is kept, and a mail server may come round', async () => {
  receiver.answers(() => 503);
  // As long as it asks for it, nothing is sent to the bot.
  telegram.answers({
    ...{ ok: false, error_code: 429, description: 'Too Many Requests' },
    parameters: { retry_after: 3 },
  });
  raise('first_one');
  const asked = () => telegram.asked.filter(({ text: said }) => said.startsWith('CRITICAL: first one'));
  await expect.poll(() => asked().length, eventually).toBe(1);
  telegram.answers({ ok: true });
  await expect.poll(() => telegram.taken('CRITICAL: first one').length, eventually).toBe(1);
  const [before, after] = asked();
  expect((after?.at ?? 0) - (before?.at ?? 0)).toBeGreaterThanOrEqual(2_900);
  expect(receiver.got.filter(({ body }) => body.data?.name === 'first_one')).toHaveLength(3);
  expect((await shown('first_one')).told).toEqual(['telegram']);
  // The webhook is left alone by now: nobody acknowledges, and the next one is told, not those before.
  await app.sql(`update echo_alerts set tell_at = now() where name = 'first_one'`);
  await expect.poll(() => inMail('STILL CRITICAL: first one'), eventually).toBe(1);
  expect((await shown('first_one')).told).toEqual(['telegram', 'email']);
  // The bot was removed, and mail is refused once.
  telegram.answers({ ok: false, error_code: 403, description: 'Forbidden: bot was kicked' });
  refusal = { code: 421, words: 'too busy' };
  raise('second_one');
  const lastError = async () =>
    (await app.graphql('{ alertChannels { name lastError } }')).data.alertChannels.find(
      ({ name }: { name: string }) => name === 'email',
    ).lastError;
  await expect.poll(lastError, eventually).toContain('too busy');
  refusal = null;
  await expect.poll(() => inMail('CRITICAL: second one'), eventually).toBe(1);
  expect((await shown('second_one')).told).toEqual(['email']);
});

test('a mail server that says nothing is left, and named', async () => {
  expect(await stalled).toMatchObject({ kind: 'FAILED', error: 'the mail server did not answer in time' });
});

test.each([
  'ops@example.org\r\nBcc: all@example.org',
  'Ops <ops@example.org>',
  'ops@example.org, ',
  'ops',
  Array.from({ length: 21 }, (_, place) => `ops${place}@example.org`).join(','),
])('the receivers %j are refused', (ALERT_EMAIL_TO) => {
  const settings = { SMTP_URL: 'smtp://127.0.0.1', ALERT_EMAIL_TO };
  expect(() => readConfig(settings, '/tmp')).toThrow(/ALERT_EMAIL_TO: must list 1 to 20 addresses/);
  expect(() =>
    readConfig({ ...settings, ALERT_EMAIL_TO: 'a@b.org', ALERT_EMAIL_FROM: ALERT_EMAIL_TO }, '/tmp'),
  ).toThrow(/ALERT_EMAIL_FROM: must be an address/);
});
