import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

const eventually = { interval: 150 };
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const said: string[] = [];
/** Nine in the morning of a day to come, half an hour before the report; it is stored by the database's own clock. */
const midnight = Math.floor(Date.now() / DAY_MS) * DAY_MS + DAY_MS;
let time = midnight + 8.5 * HOUR_MS;
let telegram: Server;
const apps: TestApp[] = [];
beforeAll(async () => {
  telegram = createServer(async (request, response) => {
    const { text } = (await json(request)) as { text?: string };
    if (text !== undefined) said.push(text);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ok: true }));
  }).listen(0, '127.0.0.1');
  await once(telegram, 'listening');
  const env = {
    TELEGRAM_BOT_TOKEN: '123456:a-token-that-nobody-may-see',
    TELEGRAM_CHAT_ID: '-100',
    TELEGRAM_API_URL: `http://127.0.0.1:${(telegram.address() as AddressInfo).port}`,
    DAILY_REPORT_AT: '09:00',
    DAILY_REPORT_TIME_ZONE: 'Etc/UTC',
  };
  const now = () => new Date(time);
  const first = await startTestApp({ env, now });
  apps.push(first, await startTestApp({ env, now, route: async () => first.databaseUrl }));
});
afterAll(async () => {
  for (const app of apps.reverse()) await app.close();
  telegram.closeAllConnections();
  telegram.close();
});
const one = () => apps[0] as TestApp;
const SCHEDULES = '{ schedules { name cron timeZone nextSlotAt } }';
const schedule = async (app: TestApp) =>
  (await app.graphql(SCHEDULES)).data.schedules.find(({ name }: { name: string }) => name === 'daily_report');
const wake = () => {
  for (const { app } of apps) app.services.schedules.wake();
};
const COUNTED = {
  'echo_answers_total{by="model"}': { s: 12 },
  'echo_model_tokens_total{direction="in",model="m"}': { s: 4_000 },
  'echo_graphql_operation_seconds{operation="memorySearch",type="query"}': { n: 40, s: 4, b: { '0.25': 40 } },
  'echo_graphql_errors_total{code="SERVICE_UNAVAILABLE",operation="memorySearch"}': { s: 9 },
  'echo_http_requests_total{door="rest",status="500"}': { s: 3 },
  'echo_http_requests_total{door="rest",status="200"}': { s: 997 },
};
const store = (of: 'minutes' | 'hours', at: number, server: string, rollups: object) =>
  one().sql(`insert into echo_metric_${of} (at, server, rollups) values ($1, $2, $3)`, [
    new Date(at),
    server,
    rollups,
  ]);

test('comes once a day, whichever server sends it, and says what all of them did', async () => {
  await expect
    .poll(() => schedule(one()), eventually)
    .toMatchObject({
      ...{ cron: '0 9 * * *', timeZone: 'Etc/UTC' },
      nextSlotAt: new Date(midnight + 9 * HOUR_MS).toISOString(),
    });
  await store('minutes', time - 2 * HOUR_MS, 'here', COUNTED);
  await store('minutes', time - 2 * HOUR_MS, 'there', COUNTED);
  await store('minutes', time - 30 * HOUR_MS, 'there', COUNTED);
  await one().record('c', ['one', 'two', 'three']);
  const saidAt = 'update echo_unified_interactions set created_at = $1 where query = any($2)';
  await one().sql(saidAt, [new Date(time - 2 * HOUR_MS), ['one', 'two']]);
  await one().sql(saidAt, [new Date(time - 30 * HOUR_MS), ['three']]);
  const size = (bytes: number) => ({
    'echo_table_bytes{table="echo_turns"}': { n: 1, s: bytes, lo: bytes, hi: bytes, l: bytes },
  });
  await store('hours', midnight - 16 * HOUR_MS, 'there', size(2 ** 20));
  await store('hours', midnight + 7 * HOUR_MS, 'there', size(5 * 2 ** 20));
  time += 0.5 * HOUR_MS;
  wake();
  await expect.poll(() => said.length, eventually).toBe(1);
  const report = said[0] ?? '';
  const day = new Date(midnight).toISOString().slice(0, 10);
  expect(report).toMatch(/^Daily report: 2 turns, 0 alerts, objectives kept\n/);
  for (const line of [
    `The 24 hours up to ${day} 09:00 (Etc/UTC).`,
    '- Turns stored: 2 (the day before: 1)',
    '- Queries answered by models: 24 (the day before: 12)',
    '- Tokens: 8,000',
    '- Memory searches: 80 (the day before: 40), 95 % of them within 0.243 s',
    '- HTTP requests: 2,000 (the day before: 1,000)',
    '- memorySearch: SERVICE_UNAVAILABLE: 18',
    '- HTTP 500 at the door rest: 6',
    '- echo_turns: +4 MiB',
    '- Newest verified backup: there is none',
    '- Open now: none',
  ])
    expect(report.split('\n')).toContain(line);
  expect(report).toMatch(/^- Database: [\d.]+ MiB, \+4 MiB in the day$/m);
  expect(report).toMatch(/^- availability: .* \(99\.9 % promised\)/m);
  // The clock goes on, and is set back: the slot was the day's.
  for (const minutes of [5, -10, 60]) {
    time += minutes * 60_000;
    wake();
  }
  expect(
    await one().sql(`select status from autonomous_tasks where created_by = 'daily_report'`),
  ).toHaveLength(1);
  await one().app.services.deliveries.outlook();
  expect(said).toHaveLength(1);
  time += DAY_MS;
  wake();
  await expect.poll(() => said.length, eventually).toBe(2);
});

test('comes when an admin asks for it', async () => {
  const before = said.length;
  const TRIGGER = `mutation { triggerSchedule(name: "daily_report") { __typename ... on Error { message } } }`;
  expect((await one().graphql(TRIGGER)).data.triggerSchedule.__typename).toBe('CreateTaskSuccess');
  await expect.poll(() => said.length, eventually).toBe(before + 1);
  expect((await one().graphql(TRIGGER, {}, 'ada')).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  const sent = async () => {
    const { data } = await one().graphql(
      '{ deliveries(first: 1, filter: { channel: "alert" }) { nodes { kind status } } }',
    );
    return data.deliveries.nodes;
  };
  await expect.poll(sent, eventually).toEqual([{ kind: 'report.daily', status: 'DELIVERED' }]);
});

test('is off without a channel that ends at people, and by its setting; a time that is none is refused', () => {
  const report = (env: Record<string, string>) => readConfig(env, '/tmp').dailyReport;
  const mail = { SMTP_URL: 'smtp://127.0.0.1', ALERT_EMAIL_TO: 'ops@example.org' };
  expect(report({})).toBeNull();
  expect(report({ ALERT_WEBHOOK_URL: 'https://a.example' })).toBeNull();
  expect(report({ ...mail, DAILY_REPORT_AT: 'off' })).toBeNull();
  expect(report(mail)).toEqual({ hour: 7, minute: 0, timeZone: null });
  for (const [name, value] of [
    ['DAILY_REPORT_AT', '24:00'],
    ['DAILY_REPORT_AT', '7'],
    ['DAILY_REPORT_AT', '07:60'],
    ['DAILY_REPORT_TIME_ZONE', 'Mars/Base'],
  ] as const)
    expect(() => report({ ...mail, [name]: value }), value).toThrow(`${name}: must be `);
});
