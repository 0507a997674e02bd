import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AlertKind, defineAlert } from '../src/ground/promise.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';

const ALERTS = `{ activeAlerts { alertId name status told snoozedUntil runbook changes { kind by note } } }`;
const change = (mutation: string) => `mutation ($id: ID!) { ${mutation} {
  __typename
  ... on AlertSuccess { alert { alertId state status snoozedUntil changes { kind by note } } }
  ... on Error { message } } }`;
const ACKNOWLEDGE = change('acknowledgeAlert(alertId: $id)');
const RESOLVE = change('resolveAlert(alertId: $id)');
const snooze = (minutes: number) => change(`snoozeAlert(alertId: $id, minutes: ${minutes})`);
const eventually = { interval: 150 };

let receiver: Receiver;
let app: TestApp;
let number = 0;
let planted: AlertKind<string>;
beforeAll(async () => {
  receiver = await startReceiver();
  app = await startTestApp({
    env: { ALERT_WEBHOOK_URL: `${receiver.url}/alerts`, OUTBOUND_ALLOW: '127.0.0.1' },
  });
});
afterAll(async () => {
  await app.close();
  await receiver.close();
});
beforeEach(() => {
  number++;
  planted = defineAlert<string>({
    ...{ name: `planted_${number}`, severity: 'CRITICAL', words: 'Something is planted.' },
    message: (detail) => detail,
  });
});

const raise = (kind = planted, detail = 'it grows') => app.app.services.alerts.raise(kind, detail);
const clear = (kind = planted) => app.app.services.alerts.clear(kind, 'it was mown');
/** The alert of this test as clients see it, once it is stored. */
async function stored(kind = planted) {
  const find = async () =>
    (await app.graphql(ALERTS)).data.activeAlerts.find((one: { name: string }) => one.name === kind.name);
  await expect.poll(async () => (await find())?.status ?? null, eventually).not.toBeNull();
  return find();
}
const heard = (kind = planted) =>
  receiver.taken.filter(({ body }) => body.data?.name === kind.name).map(({ body }) => body.type);
const age = (seconds: number) =>
  app.sql(
    `update echo_alerts set tell_at = tell_at - $1 * interval '1 s', told_at = told_at - $1 * interval '1 s',
       resolved_at = resolved_at - $1 * interval '1 s', snoozed_until = snoozed_until - $1 * interval '1 s'`,
    [seconds],
  );

describe('an alert', () => {
  test('of the server is the operator’s: no admin of another tenant says what becomes of it', async () => {
    raise();
    const { alertId } = await stored();
    for (const mutation of [ACKNOWLEDGE, snooze(5), RESOLVE]) {
      const { errors } = await app.graphql(mutation, { id: alertId }, '@acme:eve');
      expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    }
    expect(await stored()).toMatchObject({ changes: [{ kind: 'RAISED' }] });
  });

  test('is stored, told once, acknowledged by somebody, and over when the danger is', async () => {
    raise();
    raise();
    const alert = await stored();
    expect(alert).toMatchObject({
      ...{ status: 'OPEN', told: ['webhook'], runbook: `docs/runbook.md#${planted.name}` },
      changes: [{ kind: 'RAISED', by: null }],
    });
    const { data } = await app.graphql(ACKNOWLEDGE, { id: alert.alertId });
    const expected = {
      status: 'ACKNOWLEDGED',
      changes: [{ kind: 'RAISED' }, { kind: 'ACKNOWLEDGED', by: 'default' }],
    };
    expect(data.acknowledgeAlert.alert).toMatchObject(expected);
    // Again: nothing happens.
    const again = await app.graphql(ACKNOWLEDGE, { id: alert.alertId });
    expect(again.data.acknowledgeAlert.alert).toMatchObject(expected);
    expect(again.data.acknowledgeAlert.alert.changes).toHaveLength(2);
    await expect.poll(() => heard(), eventually).toEqual(['alert.raised']);
    clear();
    await expect.poll(() => heard(), eventually).toEqual(['alert.raised', 'alert.cleared']);
    const late = await app.graphql(ACKNOWLEDGE, { id: alert.alertId });
    expect(late.data.acknowledgeAlert).toEqual({
      __typename: 'InvalidInputError',
      message: expect.stringContaining('alertId: the alert is over'),
    });
    const [audited] = await app.sql(`select action from echo_audit_log where action like 'alert.%'`);
    expect(audited).toEqual({ action: 'alert.acknowledge' });
  });

  test('that is snoozed is told of again when the while is over, and refuses a while that is too long', async () => {
    raise();
    const { alertId } = await stored();
    await expect.poll(() => heard(), eventually).toEqual(['alert.raised']);
    for (const minutes of [0, 10_081]) {
      const { data } = await app.graphql(snooze(minutes), { id: alertId });
      expect(data.snoozeAlert.message).toBe('minutes: must be from 1 to 10080');
    }
    const { data } = await app.graphql(snooze(30), { id: alertId });
    expect(data.snoozeAlert.alert).toMatchObject({ status: 'SNOOZED', snoozedUntil: expect.any(String) });
    await age(31 * 60);
    await expect.poll(() => heard(), eventually).toEqual(['alert.raised', 'alert.raised']);
    expect(await stored()).toMatchObject({
      status: 'OPEN',
      changes: [{ kind: 'RAISED' }, { kind: 'SNOOZED', note: 'for 30 min' }, { kind: 'WOKEN', by: null }],
    });
    clear();
  });

  test('that comes back within the cooldown is the one before, and told of when it stays', async () => {
    raise();
    const { alertId } = await stored();
    clear();
    await expect.poll(() => heard(), eventually).toEqual(['alert.raised', 'alert.cleared']);
    raise();
    expect(await stored()).toMatchObject({
      told: [],
      changes: [{ kind: 'RAISED' }, { kind: 'RESOLVED', note: 'it was mown' }, { kind: 'REOPENED' }],
    });
    const [{ count }] = (await app.sql('select count(*)::int from echo_alerts where name = $1', [
      planted.name,
    ])) as [{ count: number }];
    expect(count).toBe(1);
    await age(6 * 60);
    await expect.poll(() => heard(), eventually).toEqual(['alert.raised', 'alert.cleared', 'alert.raised']);
    // The id of the first beginning still names it.
    const { data } = await app.graphql(RESOLVE, { id: alertId });
    expect(data.resolveAlert.alert).toMatchObject({ status: 'RESOLVED', state: 'CLEARED' });
    expect(app.app.services.alerts.active.map(({ name }) => name)).not.toContain(planted.name);
    // Long after, it is another one.
    await age(6 * 60);
    raise();
    expect((await stored()).changes).toHaveLength(1);
    clear();
  });

  test('can be changed by admins only, and only if it is there', async () => {
    const id = '00000000-0000-4000-8000-000000000000';
    const { errors } = await app.graphql(ACKNOWLEDGE, { id }, 'ada');
    expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    const { data } = await app.graphql(ACKNOWLEDGE, { id });
    expect(data.acknowledgeAlert).toMatchObject({ __typename: 'NotFoundError' });
    expect((await app.graphql(ACKNOWLEDGE, { id: 'x' })).data.acknowledgeAlert.message).toBe(
      'alertId: must be a UUID',
    );
  });

  test('of another server is shown, and over when no server sees it any more', async () => {
    await app.sql(
      `with made as (insert into echo_alerts (alert_id, name, severity, message, raised_at)
         values (gen_random_uuid(), $1, 'WARNING', 'it grows there', now()) returning id)
       insert into echo_alert_sightings (sighting_id, alert, server, began_at) select gen_random_uuid(), id, 'other', now() from made`,
      [planted.name],
    );
    raise();
    await expect.poll(async () => (await stored()).status, eventually).toBe('OPEN');
    await expect
      .poll(async () => {
        const [row] = await app.sql<{ count: number }>(
          `select count(*)::int as count from echo_alert_sightings s join echo_alerts a on a.id = s.alert where a.name = $1`,
          [planted.name],
        );
        return row?.count;
      }, eventually)
      .toBe(2);
    clear();
    // The other one still sees it; then it is gone.
    expect(await stored()).toMatchObject({ status: 'OPEN', changes: [] });
    await app.sql(
      `update echo_alert_sightings set seen_at = now() - interval '6 minutes' where server = 'other'`,
    );
    await expect
      .poll(
        async () => (await app.sql('select status from echo_alerts where name = $1', [planted.name]))[0],
        eventually,
      )
      .toEqual({ status: 'RESOLVED' });
  });

  test('of ten thousand at once is one of a summary', async () => {
    // Those of the tests before were told within this minute.
    await age(120);
    const kinds = Array.from({ length: 10_000 }, (_, place) => ({
      ...{ ...planted, name: `flood_${place}` },
      severity: place === 9_999 ? ('CRITICAL' as const) : ('WARNING' as const),
    }));
    for (const kind of kinds) raise(kind);
    const summaries = () =>
      receiver.taken.filter(({ body }) => body.type === 'alert.summary').map(({ body }) => body.data);
    await expect.poll(summaries, { timeout: 60_000, interval: 100 }).toHaveLength(1);
    expect(summaries()[0]).toMatchObject({ state: 'RAISED', count: 10_000, critical: 1 });
    expect(summaries()[0].names[0]).toBe('flood_9999');
    for (const kind of kinds) clear(kind);
    await expect.poll(summaries, { timeout: 60_000, interval: 100 }).toHaveLength(2);
    expect(summaries()[1]).toMatchObject({ state: 'CLEARED', count: 10_000 });
    expect(receiver.taken.filter(({ body }) => String(body.data?.name).startsWith('flood'))).toEqual([]);
  });

  test('of ten at once is told by itself, and of eleven as one message', async () => {
    const crowd = (count: number) =>
      Array.from({ length: count }, (_, place) => ({ ...planted, name: `crowd_of_${count}_${place}` }));
    const ten = crowd(10);
    // Those of the tests before were told within this minute.
    await age(120);
    for (const kind of ten) raise(kind);
    await expect.poll(() => ten.map(heard), eventually).toEqual(ten.map(() => ['alert.raised']));
    await age(120);
    const before = receiver.taken.length;
    for (const kind of crowd(11)) raise(kind);
    const since = () => receiver.taken.slice(before).map(({ body }) => [body.type, body.data.count]);
    await expect.poll(since, eventually).not.toEqual([]);
    expect(since()).toEqual([['alert.summary', 11]]);
    for (const kind of [...ten, ...crowd(11)]) clear(kind);
  });
});
