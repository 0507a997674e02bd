import { afterAll, beforeAll, expect, test } from 'vitest';
import { sharesOf } from '../src/domains/payouts/shares.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { untilTask } from './support/tasks.ts';

const SECOND = '@default:admin';
let app: TestApp;
const lastMonth = new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth() - 1, 1));
const month = lastMonth.toISOString().slice(0, 7);
/** An instant of the month before. */
const on = (day: number) => new Date(lastMonth.getTime() + (day - 1) * 86_400_000 + 3_600_000);
let number = 0;

/** Puts a booking into the books of payments, as Stripe's are put there. @returns of its invoice */
async function booked(clientId: string, amount: number, at: Date, currency = 'EUR', of?: number) {
  number++;
  const invoice =
    of ??
    (
      await app.sql<{ id: number }>(
        `with c as (insert into payment_customers (customer_id, created_by) values ($1, 'x') returning id)
         insert into payment_invoices (invoice_id, customer, client_id, currency, amount, items, collection, state, requested_by)
         select $1, id, $2, $3, $4, '[]', 'CHARGE', 'PAID', 'x' from c returning id`,
        [`i-${number}`, clientId, currency, Math.abs(amount)],
      )
    )[0]?.id;
  await app.sql(
    `insert into payment_ledger (client_id, kind, occurred_at, day, currency, amount, fee, invoice, stripe_id, source_id)
     values ($1, $2, $3::timestamptz, ($3::timestamptz at time zone 'UTC')::date, $4, $5, 0, $6, $7, $7)`,
    [clientId, amount > 0 ? 'PAYMENT' : 'REFUND', at, currency, amount, invoice, `txn-${number}`],
  );
  return invoice ?? 0;
}

const REPORT = `payoutId partnerId month currency rate base held amount state confirmedAt approvedAt lines { clientId bookings base amount }`;
const ask = async (call: string, answer: string, user?: string) => {
  const { data, errors } = await app.graphql(
    `mutation { answer: ${call} { ${answer} ... on Error { code message } } }`,
    {},
    user,
  );
  return data?.answer ?? { code: errors?.[0]?.extensions.code };
};
const make = async (of = month) =>
  ask(`makePayoutReports(month: "${of}")`, `... on MakePayoutReportsSuccess { reports { ${REPORT} } }`);
// biome-ignore lint/suspicious/noExplicitAny: a report
const madeFor = async (partnerId: string, currency = 'EUR'): Promise<any> =>
  (await make()).reports.find(
    (each: { partnerId: string; currency: string }) =>
      each.partnerId === partnerId && each.currency === currency,
  );
const approve = (payoutId: string, amount: number, user?: string) =>
  ask(
    `approvePayoutReport(payoutId: "${payoutId}", amount: ${amount})`,
    `... on PayoutReportSuccess { report { ${REPORT} } }`,
    user,
  );
const reject = (payoutId: string) =>
  ask(`rejectPayoutReport(payoutId: "${payoutId}")`, `... on PayoutReportSuccess { report { ${REPORT} } }`);

beforeAll(async () => {
  app = await startTestApp({ env: { PAYOUT_HOLD_DAYS: '0' }, schedules: true });
  for (const [id, rate] of [
    ['north', 1250],
    ['south', 3333],
    ['large', 5000],
  ] as const) {
    await ask(`createPartner(input: { partnerId: "${id}", name: "${id}", rate: ${rate} })`, '__typename');
    await ask(`createReferralCode(input: { partnerId: "${id}", code: "${id}-1" })`, '__typename');
    for (const which of ['a', 'b'])
      await ask(
        `createClientAccount(input: { clientId: "${id}-${which}", name: "x", code: "${id}-1" })`,
        '__typename',
      );
  }
  await ask('createClientAccount(input: { clientId: "nobodys", name: "x" })', '__typename');
  // Long before the month that is paid.
  await app.sql(`update business_parties set referred_at = '2020-01-01' where referred_at is not null`);
});
afterAll(() => app.close());

test('shares are exactly the whole, without what is less than a smallest unit', () => {
  expect(sharesOf([1, 1, 1], 3333)).toEqual([0, 0, 0]);
  expect(sharesOf([1, 1, 1, 1], 3333)).toEqual([0, 0, 0, 1]);
  expect(sharesOf([999, -333], 3333)).toEqual([332, -111]);
  expect(sharesOf([-1, -1, -1, -1], 3333)).toEqual([0, 0, 0, -1]);
  // Beyond what a number of JavaScript times another one holds exactly.
  expect(sharesOf([9_007_199_254_740_991], 9_999)).toEqual([9_006_298_534_815_516]);
  for (let round = 0; round < 200; round++) {
    const amounts = Array.from({ length: 30 }, () => Math.round((Math.random() - 0.3) * 1e6));
    const rate = Math.floor(Math.random() * 10_001);
    const sum = amounts.reduce((all, each) => all + each, 0);
    const whole = Number((BigInt(sum) * BigInt(rate)) / 10_000n);
    expect(sharesOf(amounts, rate).reduce((all, each) => all + each, 0)).toBe(whole);
  }
});

test('a report counts what the partner’s clients paid less what went back, by currency', async () => {
  const first = await booked('north-a', 10_001, on(3));
  await booked('north-b', 333, on(4));
  await booked('north-a', -1_001, on(9), 'EUR', first);
  await booked('north-a', 777, on(5), 'JPY');
  await booked('nobodys', 50_000, on(5));
  await booked('south-a', 10, on(5));
  // Of a month that is not over.
  await booked('north-a', 9_999, new Date());
  const report = await madeFor('north');
  expect(report).toMatchObject({
    ...{ month, rate: 1250, base: 9_333, held: 0, amount: 1_166, state: 'DRAFT' },
    lines: [
      { clientId: 'north-a', bookings: 2, base: 9_000, amount: 1_125 },
      { clientId: 'north-b', bookings: 1, base: 333, amount: 41 },
    ],
  });
  expect(await madeFor('north', 'JPY')).toMatchObject({ base: 777, amount: 97 });
  expect(await madeFor('south')).toMatchObject({ base: 10, amount: 3 });
  const { data } = await app.graphql(
    '{ payoutReports(partnerId: "north", month: "2020-01") { nodes { month } } }',
  );
  expect(data.payoutReports.nodes).toEqual([]);
  const foreign = await app.graphql('{ payoutReports { nodes { month } } }', {}, '@other:admin');
  expect(foreign.data.payoutReports.nodes).toEqual([]);
});

test('what is approved is final, and nothing is counted twice or missed', async () => {
  const draft = await madeFor('north');
  expect(await approve(draft.payoutId, draft.amount + 1)).toMatchObject({ code: 'BAD_USER_INPUT' });
  // It goes back between the look and the approval.
  const [row] = await app.sql<{ invoice: number }>(
    `select invoice from payment_ledger where client_id = 'north-b'`,
  );
  await booked('north-b', -333, new Date(), 'EUR', row?.invoice);
  expect(await approve(draft.payoutId, draft.amount)).toEqual({
    code: 'BAD_USER_INPUT',
    message: 'amount: the report comes to 11.25 EUR now',
  });
  const { report } = await approve(draft.payoutId, 1_125);
  expect(report).toMatchObject({
    ...{ state: 'APPROVED', base: 9_000, amount: 1_125, approvedAt: expect.any(String) },
  });
  expect(await madeFor('north')).toEqual(report);
  expect(await approve(draft.payoutId, 1_125)).toMatchObject({ code: 'STATUS_MOVE_REFUSED' });
  expect(await reject(draft.payoutId)).toMatchObject({ code: 'STATUS_MOVE_REFUSED' });
  // What goes back of a counted payment comes into the next report that is made.
  const [first] = await app.sql<{ invoice: number }>(
    `select invoice from payment_ledger where client_id = 'north-a' and currency = 'EUR' order by id limit 1`,
  );
  await booked('north-a', -9_000, new Date(), 'EUR', first?.invoice);
  await app.sql(
    `insert into payout_reports (payout_id, partner, month, currency, rate, base, held, amount)
     select gen_random_uuid(), id, '2020-01', 'EUR', 1250, 0, 0, 0 from business_parties where party_id = 'north'`,
  );
  const { reports } = await make('2020-01');
  expect(reports).toMatchObject([{ partnerId: 'north', base: -9_000, amount: -1_125 }]);
  const twice = await app.sql('select ledger from payout_entries group by ledger having count(*) > 1');
  expect(twice).toEqual([]);
  const [sums] = await app.sql<{ off: number }>(
    `select count(*)::int as off from payout_reports r cross join lateral (
       select coalesce(sum(e.amount), 0) as base, coalesce(sum(e.share), 0) as amount from payout_entries e where e.report = r.id) s
     where r.base <> s.base or r.amount <> s.amount`,
  );
  expect(sums?.off).toBe(0);
});

test('a large one needs a second admin, and changes no more meanwhile', async () => {
  await booked('large-a', 1_000_001, on(5));
  const draft = await madeFor('large');
  expect(draft).toMatchObject({ base: 1_000_001, amount: 500_000 });
  const { report: waiting } = await approve(draft.payoutId, 500_000);
  expect(waiting).toMatchObject({ state: 'WAITING', approvedAt: null, confirmedAt: expect.any(String) });
  await booked('large-b', 100, on(6));
  expect(await madeFor('large')).toEqual(waiting);
  expect(await approve(draft.payoutId, 500_000)).toEqual({ code: 'FORBIDDEN' });
  const told = await app.sql<{ action: string }>(
    `select action from echo_audit_log where action like 'payout.%' order by id`,
  );
  expect(told.map(({ action }) => action)).toEqual(['payout.approve', 'payout.confirm']);
  const { report: rejected } = await reject(draft.payoutId);
  expect(rejected.state).toBe('REJECTED');
  expect(await madeFor('large')).toMatchObject({ state: 'DRAFT', base: 1_000_101, amount: 500_050 });
  await approve(draft.payoutId, 500_050);
  // Who was the first is not known any more, so that nobody is known to be another one.
  const confirmedBy = (who: string) =>
    app.sql('update payout_reports set confirmed_by = $2 where payout_id = $1', [draft.payoutId, who]);
  await confirmedBy('(erased)');
  expect(await approve(draft.payoutId, 500_050, SECOND)).toEqual({ code: 'FORBIDDEN' });
  await confirmedBy('default');
  expect((await approve(draft.payoutId, 500_050, SECOND)).report).toMatchObject({ state: 'APPROVED' });
});

test('what was paid lately is held', async () => {
  const holding = await startTestApp({
    env: { PAYOUT_HOLD_DAYS: '365' },
    route: async () => app.databaseUrl,
  });
  try {
    await booked('south-b', 5_000, on(5));
    const { data } = await holding.graphql(
      `mutation { makePayoutReports(month: "${month}") { ... on MakePayoutReportsSuccess { reports { partnerId currency held base amount } } } }`,
    );
    expect(data.makePayoutReports.reports).toContainEqual({
      ...{ partnerId: 'south', currency: 'EUR', held: 5_010, base: 0, amount: 0 },
    });
  } finally {
    await holding.close();
  }
  expect(await madeFor('south')).toMatchObject({ held: 0, base: 5_010, amount: 1_669 });
});

test('the drafts are made by themselves each month; bad input is refused by name', async () => {
  await app.sql(`delete from payout_reports where state = 'DRAFT'`);
  const { triggerSchedule } = (
    await app.graphql(
      'mutation { triggerSchedule(name: "partner_payouts") { ... on CreateTaskSuccess { task { taskId } } } }',
    )
  ).data;
  const { result } = await untilTask(app, triggerSchedule.task.taskId, 'COMPLETED');
  expect(result).toEqual({ month, tenants: 1 });
  expect(await app.sql(`select from payout_reports where state = 'DRAFT'`)).not.toHaveLength(0);
  for (const wrong of ['2026-13', '2026', 'x', '2999-01'])
    expect(await make(wrong)).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(/^month: must be/),
    });
  for (const filter of ['partnerId: "a\\u0000b"', 'month: "2026"']) {
    const { errors } = await app.graphql(`{ payoutReports(${filter}) { nodes { month } } }`);
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  }
  expect(await approve('x', 1)).toMatchObject({ code: 'BAD_USER_INPUT' });
  expect(await approve(crypto.randomUUID(), 1)).toMatchObject({ code: 'NOT_FOUND' });
  expect(await ask(`makePayoutReports(month: "${month}")`, '__typename', 'ada')).toEqual({
    code: 'FORBIDDEN',
  });
});

test('what a client paid before a partner brought them is not the partner’s, nor what goes back of it', async () => {
  const before = await booked('old-a', 70_000, on(2));
  await booked('old-a', -500, on(4), 'EUR', before);
  await ask('createPartner(input: { partnerId: "late", name: "Late", rate: 1000 })', '__typename');
  await ask('createReferralCode(input: { partnerId: "late", code: "late-1" })', '__typename');
  await ask('createClientAccount(input: { clientId: "old-a", name: "x", code: "late-1" })', '__typename');
  expect(await madeFor('late')).toBeUndefined();
  await app.sql(`update business_parties set referred_at = $1 where party_id = 'old-a'`, [on(5)]);
  await booked('old-a', 1_000, on(6));
  expect(await madeFor('late')).toMatchObject({ base: 1_000, amount: 100 });
});
