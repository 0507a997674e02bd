import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { TestApp } from './support/harness.ts';
import { createPayment, type Payments, STRIPE_SECRET, startPayments } from './support/payments.ts';
import { DISPUTE_FEE } from './support/stripe-disputes.ts';
import { type StripeDouble, signatureOf, type Thing } from './support/stripe-double.ts';
import { runTask, untilTask } from './support/tasks.ts';

let payments: Payments;
let stripe: StripeDouble;
let app: TestApp;
/** Of a tenant of its own, so that nothing of another test counts. */
let ann = '';
let tenants = 0;

beforeAll(async () => {
  payments = await startPayments({ PAYOUT_HOLD_DAYS: '0', TASK_WORKERS: '2' });
  ({ app, stripe } = payments);
});
beforeEach(() => {
  stripe.failWith(() => undefined);
  stripe.setClock(() => Math.floor(Date.now() / 1_000));
  ann = `@bakery${++tenants}:ann`;
});
afterAll(() => payments.close());

/** An invoice that was paid, or is owed. */
async function bill(amount: number, collection = 'CHARGE', clientId?: string) {
  const { customerId } = await createPayment(
    payments,
    'Customer',
    { name: 'Ada', email: 'ada@example.org', clientId },
    ann,
  );
  const items = [{ description: 'Bread', amount }];
  const input = { customerId, currency: 'EUR', collection, items };
  const { invoiceId, taskId } = await createPayment(payments, 'Invoice', input, ann);
  await untilTask(app, taskId, 'COMPLETED');
  return { invoiceId, stripeId: (await shown(invoiceId)).stripeId };
}

const DISPUTE = 'stripeId currency amount taken state reason dueAt openedAt';
const shown = async (id: string, user = ann) =>
  (
    await app.graphql(
      `query ($id: ID!) { paymentInvoice(invoiceId: $id) { state stripeId disputes { ${DISPUTE} } refunds { state failureCode } } }`,
      { id },
      user,
    )
  ).data.paymentInvoice;
/** What was booked of something of Stripe's, the first first. */
const booked = async (sourceId: string, user = ann) =>
  (
    await app.graphql('{ paymentLedger(last: 50) { nodes { kind amount fee currency sourceId } } }', {}, user)
  ).data.paymentLedger.nodes
    .filter((each: { sourceId: string }) => each.sourceId === sourceId)
    .map(({ kind, amount, fee }: Thing) => ({ kind, amount, fee }))
    .toReversed();
const eventOf = (id: string, type: string) =>
  stripe.all('event').find((event) => event.type === type && event.data.object.id === id) ?? {};

async function deliver(event: Thing, secret = STRIPE_SECRET) {
  const payload = JSON.stringify(event);
  const response = await fetch(`${app.url}/callbacks/stripe`, {
    ...{ method: 'POST', body: payload },
    headers: { 'content-type': 'application/json', 'stripe-signature': signatureOf(payload, [secret]) },
  });
  return { status: response.status, body: await response.json() };
}
const unfinished = () =>
  app.sql(
    `select from autonomous_tasks where task_type = 'payment_follow' and status in ('PENDING', 'RUNNING', 'RETRYING')`,
  );
/** Tells the latest events of these types, in this order, until all is looked up. */
async function tell(dispute: Thing, ...types: string[]) {
  for (const type of types)
    expect(await deliver(eventOf(dispute.id, `charge.dispute.${type}`))).toMatchObject({ status: 200 });
  await expect.poll(unfinished).toEqual([]);
}
const refund = async (invoiceId: string, amount: number) =>
  (
    await app.graphql(
      `mutation ($input: CreatePaymentRefundInput!) { createPaymentRefund(input: $input) { ... on Error { code message }
        ... on AmountExceededError { field limit } ... on PaymentRefundSuccess { refund { refundId taskId state } } } }`,
      { input: { invoiceId, amount, currency: 'EUR' } },
      ann,
    )
  ).data.createPaymentRefund;
const caughtUp = async (type: string, payload = {}) =>
  (await untilTask(app, (await runTask(app, { type, payload })).taskId, 'COMPLETED')).result;

const TAKEN = { kind: 'DISPUTE', amount: -1_000, fee: DISPUTE_FEE };
const BACK = { kind: 'DISPUTE_REVERSAL', amount: 1_000, fee: 0 };

test('what a bank takes back is booked with its fee, and what comes again when it was won', async () => {
  const { invoiceId, stripeId } = await bill(1_000);
  const dispute = stripe.disputes.open(stripeId);
  stripe.disputes.withdraw(dispute);
  await tell(dispute, 'created', 'funds_withdrawn');
  const at = (seconds: number) => new Date(seconds * 1_000).toISOString();
  const stands = {
    ...{ stripeId: dispute.id, currency: 'EUR', amount: 1_000, reason: 'fraudulent' },
    ...{ dueAt: at(dispute.evidence_details.due_by), openedAt: at(dispute.created) },
  };
  expect(await shown(invoiceId)).toMatchObject({
    state: 'PAID',
    disputes: [{ ...stands, taken: 1_000, state: 'NEEDS_RESPONSE' }],
  });
  expect(await booked(dispute.id)).toEqual([TAKEN]);

  stripe.disputes.move(dispute, 'under_review');
  await tell(dispute, 'updated');
  expect(await shown(invoiceId)).toMatchObject({ disputes: [{ taken: 1_000, state: 'UNDER_REVIEW' }] });
  stripe.disputes.reinstate(dispute);
  stripe.disputes.move(dispute, 'won');
  await tell(dispute, 'funds_reinstated', 'closed');
  expect(await shown(invoiceId)).toMatchObject({ disputes: [{ ...stands, taken: 0, state: 'WON' }] });
  expect(await booked(dispute.id)).toEqual([TAKEN, BACK]);

  const day = at(dispute.created);
  const { data } = await app.graphql(
    `query ($day: DateTime!) { paymentRevenue(since: $day, until: $day) { gross refunded disputed fees net }
       financeDays(days: 1) { revenue { gross refunded disputed fees net } } financeClients(days: 1) { disputed net } }`,
    { day },
    ann,
  );
  // The payment cost 59 cents, and the dispute its fee, which Stripe keeps.
  const left = {
    gross: 1_000,
    refunded: 0,
    disputed: 0,
    fees: 59 + DISPUTE_FEE,
    net: 1_000 - 59 - DISPUTE_FEE,
  };
  expect(data.paymentRevenue).toEqual([left]);
  expect(data.financeDays[0].revenue).toEqual([left]);
  expect(data.financeClients).toEqual([{ disputed: 0, net: left.net }]);

  await app.app.services.audit.flush();
  const { data: log } = await app.graphql('{ auditLog { entries { action target detail } } }', {}, ann);
  const audited = log.auditLog.entries
    .filter(({ target }: Thing) => target === dispute.id)
    .map(({ action, detail }: Thing) => ({ action, detail }));
  expect(audited).toEqual([
    { action: 'dispute.open', detail: { currency: 'EUR', amount: 1_000, state: 'NEEDS_RESPONSE' } },
    { action: 'dispute.change', detail: { state: 'UNDER_REVIEW' } },
    { action: 'dispute.change', detail: { state: 'WON' } },
  ]);
});

test('what was lost is gone of the revenue, of all tenants, too, and of what its tenant has only', async () => {
  const { stripeId } = await bill(1_000);
  const dispute = stripe.disputes.open(stripeId);
  stripe.disputes.withdraw(dispute);
  stripe.disputes.move(dispute, 'lost');
  await tell(dispute, 'closed');
  expect(await booked(dispute.id)).toEqual([TAKEN]);
  const { data } = await app.graphql(
    '{ financeTenants(days: 1) { tenantId revenue { gross refunded disputed fees net } } }',
  );
  const own = data.financeTenants.find(({ tenantId }: Thing) => `@${tenantId}:ann` === ann);
  expect(own.revenue).toEqual([
    { gross: 1_000, refunded: 0, disputed: 1_000, fees: 59 + DISPUTE_FEE, net: -59 - DISPUTE_FEE },
  ]);
});

test('events come in any order, late and twice, and each sum is booked once', async () => {
  const types = ['created', 'funds_withdrawn', 'updated', 'funds_reinstated', 'closed'];
  const orders = [types, types.toReversed(), [...types.slice(3), ...types.slice(0, 3), ...types]];
  for (const order of orders) {
    const { invoiceId, stripeId } = await bill(1_000);
    const dispute = stripe.disputes.open(stripeId);
    stripe.disputes.withdraw(dispute);
    stripe.disputes.move(dispute, 'under_review');
    // As Stripe gave its fee back before 2025, and some banks of it still do.
    stripe.disputes.reinstate(dispute, -DISPUTE_FEE);
    stripe.disputes.move(dispute, 'won');
    await tell(dispute, ...order);
    expect(await shown(invoiceId), order.join()).toMatchObject({ disputes: [{ taken: 0, state: 'WON' }] });
    expect(await booked(dispute.id), order.join()).toEqual([TAKEN, { ...BACK, fee: -DISPUTE_FEE }]);
  }
  // An event that was told already is known.
  const [latest] = stripe.all('event');
  expect((await deliver(latest ?? {})).body).toEqual({ received: true, isNew: false });
});

test('what was looked up before, and is answered after a later look, changes nothing back', async () => {
  const { invoiceId, stripeId } = await bill(1_000);
  const dispute = stripe.disputes.open(stripeId);
  let answer: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let asked = 0;
  stripe.failWith(({ path }) =>
    path === `/v1/disputes/${dispute.id}` && asked++ === 0 ? { answeredAfter: held } : undefined,
  );
  await deliver(eventOf(dispute.id, 'charge.dispute.created'));
  await expect.poll(() => asked).toBe(1);
  stripe.disputes.withdraw(dispute);
  stripe.disputes.move(dispute, 'lost');
  await deliver(eventOf(dispute.id, 'charge.dispute.closed'));
  await expect.poll(async () => (await shown(invoiceId)).disputes).toMatchObject([{ state: 'LOST' }]);
  answer();
  await expect.poll(unfinished).toEqual([]);
  expect(await shown(invoiceId)).toMatchObject({ disputes: [{ taken: 1_000, state: 'LOST' }] });
  expect(await booked(dispute.id)).toEqual([TAKEN]);
});

test('an inquiry takes no money, and what it asks about may be refunded', async () => {
  const { invoiceId, stripeId } = await bill(1_000);
  const dispute = stripe.disputes.open(stripeId, {
    ...{ status: 'warning_needs_response', reason: 'general', is_charge_refundable: true },
  });
  await tell(dispute, 'created');
  expect(await shown(invoiceId)).toMatchObject({
    disputes: [{ amount: 1_000, taken: 0, state: 'INQUIRY_NEEDS_RESPONSE', reason: 'general' }],
  });
  expect(await booked(dispute.id)).toEqual([]);
  const { refund: made } = await refund(invoiceId, 1_000);
  await untilTask(app, made.taskId, 'COMPLETED');
  stripe.disputes.move(dispute, 'warning_closed');
  await tell(dispute, 'closed');
  expect(await shown(invoiceId)).toMatchObject({
    disputes: [{ state: 'INQUIRY_CLOSED' }],
    refunds: [{ state: 'SUCCEEDED' }],
  });
  // What Stripe begins to say later is shown as something else, and loses no money.
  stripe.disputes.move(dispute, 'settled_by_duel');
  await tell(dispute, 'updated');
  expect(await shown(invoiceId)).toMatchObject({ disputes: [{ state: 'OTHER' }] });
});

test('what a dispute took is not refunded, too, nor approved, until it was won', async () => {
  const { invoiceId, stripeId } = await bill(1_000);
  const dispute = stripe.disputes.open(stripeId, { amount: 400 });
  stripe.disputes.withdraw(dispute);
  await tell(dispute, 'funds_withdrawn');
  expect(await booked(dispute.id)).toEqual([{ ...TAKEN, amount: -400 }]);
  expect(await refund(invoiceId, 700)).toEqual({
    ...{ code: 'AMOUNT_EXCEEDED', field: 'amount', limit: 600 },
    message:
      'amount: of the 10.00 EUR that were paid, 0.00 EUR go back already and 4.00 EUR were taken back by a dispute, so that 6.00 EUR may, not 7.00 EUR',
  });
  // What the books allow, Stripe may refuse.
  const { refund: rest } = await refund(invoiceId, 600);
  await untilTask(app, rest.taskId, 'COMPLETED');
  expect((await shown(invoiceId)).refunds).toEqual([{ state: 'FAILED', failureCode: 'charge_disputed' }]);
  stripe.disputes.reinstate(dispute);
  stripe.disputes.move(dispute, 'won');
  await tell(dispute, 'closed');
  const { refund: whole } = await refund(invoiceId, 1_000);
  await untilTask(app, whole.taskId, 'COMPLETED');
  expect((await shown(invoiceId)).refunds).toMatchObject([{}, { state: 'SUCCEEDED' }]);

  // Between the wish and the approval; and the whole, where it was booked in another currency.
  const bob = ann.replace('ann', 'bob');
  const decide = async (call: string, answer = '') =>
    (
      await app.graphql(
        `mutation { answer: approvePayment${call} { ... on Error { code } ... on AmountExceededError { field limit } ${answer} } }`,
        {},
        bob,
      )
    ).data.answer;
  const { customerId } = await createPayment(payments, 'Customer', { name: 'Ada' }, ann);
  const large = await createPayment(
    payments,
    'Invoice',
    { customerId, currency: 'EUR', collection: 'CHARGE', items: [{ description: 'Ovens', amount: 150_000 }] },
    ann,
  );
  const { invoice } = await decide(
    `Invoice(invoiceId: "${large.invoiceId}")`,
    '... on PaymentInvoiceSuccess { invoice { taskId } }',
  );
  await untilTask(app, invoice.taskId, 'COMPLETED');
  const { refund: waiting } = await refund(large.invoiceId, 120_000);
  expect(waiting.state).toBe('WAITING');
  const second = stripe.disputes.open((await shown(large.invoiceId)).stripeId);
  stripe.disputes.withdraw(second, 'usd');
  await tell(second, 'funds_withdrawn');
  expect(await shown(large.invoiceId)).toMatchObject({ disputes: [{ currency: 'EUR', taken: 150_000 }] });
  expect(await decide(`Refund(refundId: "${waiting.refundId}")`)).toMatchObject({
    ...{ code: 'AMOUNT_EXCEEDED', field: 'refundId', limit: 0 },
  });
  expect((await shown(large.invoiceId)).refunds).toMatchObject([{ state: 'WAITING' }]);
});

test('a dispute before anybody told of its payment finds it; one of somebody else’s payment is passed over', async () => {
  const { invoiceId, stripeId } = await bill(1_000, 'SEND');
  stripe.pay(stripeId);
  const dispute = stripe.disputes.open(stripeId);
  stripe.disputes.withdraw(dispute);
  expect((await shown(invoiceId)).state).toBe('OPEN');
  await tell(dispute, 'created');
  expect(await shown(invoiceId)).toMatchObject({ state: 'PAID', disputes: [{ taken: 1_000 }] });
  expect(await booked(dispute.charge)).toEqual([{ kind: 'PAYMENT', amount: 1_000, fee: 59 }]);
  expect(await booked(dispute.id)).toEqual([TAKEN]);

  const foreign = stripe.disputes.open(stripeId, { payment_intent: 'pi_ofanotherprogram' });
  stripe.disputes.withdraw(foreign);
  const old = stripe.disputes.open(stripeId, { payment_intent: null });
  await tell(foreign, 'created', 'funds_withdrawn');
  await tell(old, 'created');
  expect((await shown(invoiceId)).disputes).toHaveLength(1);
  expect(
    await app.sql('select from payment_ledger where source_id = any($1)', [[foreign.id, old.id]]),
  ).toEqual([]);
  // They are nobody's to be compared, either.
  for (const each of [foreign, old]) stripe.things.delete(each.id);
  for (const { id } of foreign.balance_transactions) stripe.things.delete(id);
});

test('what nobody told is caught up with; without the right to read disputes all else is', async () => {
  await caughtUp('payment_catch_up');
  const { invoiceId, stripeId } = await bill(1_000);
  const other = await bill(700, 'SEND');
  const dispute = stripe.disputes.open(stripeId);
  stripe.disputes.withdraw(dispute);
  stripe.pay(other.stripeId);
  const forbidden = {
    type: 'invalid_request_error',
    message: 'The provided key does not have the required permissions for this endpoint. (rak_dispute_read)',
  };
  stripe.failWith(({ path }) =>
    path.startsWith('/v1/disputes') ? { status: 403, error: forbidden } : undefined,
  );
  expect(await caughtUp('payment_catch_up')).toMatchObject({ unread: 2 });
  expect((await shown(other.invoiceId)).state).toBe('PAID');
  expect((await shown(invoiceId)).disputes).toEqual([]);
  expect(await caughtUp('payment_reconciliation', { days: 1 })).toMatchObject({ disputes: null });
  stripe.failWith(() => undefined);
  expect(await caughtUp('payment_catch_up')).toMatchObject({ events: 2, unread: 0 });
  expect(await booked(dispute.id)).toEqual([TAKEN]);
  expect(await caughtUp('payment_catch_up')).toMatchObject({ events: 0, unread: 0 });
});

test('an invoice that the key may not read stops neither others that nobody told of nor late bookings', async () => {
  await caughtUp('payment_catch_up');
  const [poisoned, other] = [await bill(900, 'SEND'), await bill(700, 'SEND')];
  stripe.pay(poisoned.stripeId);
  stripe.pay(other.stripeId);
  const error = { type: 'invalid_request_error', message: 'The provided key does not have the permissions.' };
  stripe.failWith(({ path }) =>
    path.startsWith(`/v1/invoices/${poisoned.stripeId}`) ? { status: 403, error } : undefined,
  );
  // The newest is told first.
  const { unread } = await caughtUp('payment_catch_up');
  expect(unread).toBeGreaterThan(0);
  expect((await shown(other.invoiceId)).state).toBe('PAID');
  expect((await shown(poisoned.invoiceId)).state).toBe('OPEN');
  // Known to be paid, and not booked yet.
  await app.sql(
    `update payment_invoices set state = 'PAID', paid_at = now(), payment_intent = 'pi_x' where stripe_id = $1`,
    [poisoned.stripeId],
  );
  expect(await caughtUp('payment_catch_up')).toMatchObject({ booked: 0, unread });
  await app.sql(
    `update payment_invoices set state = 'OPEN', paid_at = null, payment_intent = null where stripe_id = $1`,
    [poisoned.stripeId],
  );
  stripe.failWith(() => undefined);
  expect(await caughtUp('payment_catch_up')).toMatchObject({ unread: 0 });
  expect((await shown(poisoned.invoiceId)).state).toBe('PAID');
});

test('a reconciliation books old disputes, of which an earlier version heard and did nothing', async () => {
  const { invoiceId, stripeId } = await bill(1_000);
  const days = (count: number) => () => Math.floor(Date.now() / 1_000) - count * 86_400;
  stripe.setClock(days(100));
  const dispute = stripe.disputes.open(stripeId);
  stripe.disputes.withdraw(dispute);
  stripe.disputes.move(dispute, 'under_review');
  stripe.setClock(days(1));
  stripe.disputes.reinstate(dispute);
  stripe.disputes.move(dispute, 'won');
  stripe.setClock(days(0));
  // What it told of the withdrawal, in a night of which the next ones compare nothing.
  await app.sql(
    `insert into payment_differences (difference_id, kind, stripe_id, theirs) values ('of-then', 'MISSING_HERE', $1, 'adjustment')`,
    [dispute.balance_transactions[0].id],
  );
  const foreign = stripe.disputes.open(stripeId, { payment_intent: 'pi_ofanotherprogram' });
  const theirs = [stripe.disputes.withdraw(foreign), stripe.disputes.reinstate(foreign)];
  await app.sql(
    `insert into payment_events (event_id, type, object_id, created_at) select e->>'id', e->>'type', e->'data'->'object'->>'id',
       to_timestamp((e->>'created')::int) from json_array_elements($1) as e on conflict do nothing`,
    [JSON.stringify(stripe.all('event'))],
  );
  expect(await caughtUp('payment_catch_up', { hours: 720 })).toMatchObject({ events: 0 });
  expect(await booked(dispute.id)).toEqual([]);

  // The clock of Stripe has whole seconds: what was made in this one is not before it.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const now = { days: 3, untilNow: true };
  const found = await caughtUp('payment_reconciliation', now);
  expect(found).toMatchObject({ disputes: 1, isWhole: true });
  expect(await booked(dispute.id)).toEqual([TAKEN, BACK]);
  expect(await shown(invoiceId)).toMatchObject({ disputes: [{ taken: 0, state: 'WON' }] });
  // Of ours nothing differs; of what moved past this server each is missing here, and none of them is the other one twice.
  const differences = async () =>
    (
      await app.graphql('{ paymentDifferences(open: true, first: 50) { nodes { kind stripeId } } }')
    ).data.paymentDifferences.nodes.toSorted((a: Thing, b: Thing) => (a.stripeId < b.stripeId ? -1 : 1));
  const missing = theirs.map(({ id }) => ({ kind: 'MISSING_HERE', stripeId: id }));
  expect(await differences()).toEqual(missing);
  expect(await caughtUp('payment_reconciliation', now)).toMatchObject({ disputes: 0 });
  expect(await differences()).toEqual(missing);
  await app.sql('delete from payment_differences');
  for (const { id } of [...theirs, foreign]) stripe.things.delete(id);
});

test('health and an alert tell of what waits for evidence, with its date, until it was sent', async () => {
  await app.sql(`update payment_disputes set state = 'LOST'`);
  const { stripeId } = await bill(1_000);
  const dispute = stripe.disputes.open(stripeId);
  stripe.disputes.withdraw(dispute);
  const later = stripe.disputes.open((await bill(500)).stripeId, {
    ...{ status: 'warning_needs_response', evidence_details: { due_by: null } },
  });
  await tell(dispute, 'created');
  await tell(later, 'created');
  const check = async () => {
    const { data } = await app.graphql('{ health { checks { name status detail } } activeAlerts { name } }');
    return {
      health: data.health.checks.find(({ name }: Thing) => name === 'disputes'),
      alerts: data.activeAlerts.map(({ name }: Thing) => name),
    };
  };
  const due = new Date(dispute.evidence_details.due_by * 1_000).toISOString();
  expect((await check()).health).toMatchObject({
    ...{ status: 'DEGRADED', detail: `2 disputes wait for evidence, the first until ${due}` },
  });
  await expect.poll(async () => (await check()).alerts, { interval: 500 }).toContain('payment_disputes');
  const open = async () =>
    (
      await app.graphql(
        '{ paymentDisputes(open: true) { nodes { stripeId invoice { invoiceId amount } } } }',
        {},
        ann,
      )
    ).data.paymentDisputes.nodes;
  expect(await open()).toMatchObject([
    { stripeId: later.id, invoice: { amount: 500 } },
    { stripeId: dispute.id, invoice: { amount: 1_000 } },
  ]);
  stripe.disputes.move(dispute, 'under_review');
  stripe.disputes.move(later, 'warning_under_review');
  await tell(dispute, 'updated');
  await tell(later, 'updated');
  expect((await check()).health).toMatchObject({ status: 'HEALTHY', detail: 'none waits for evidence' });
  expect(await open()).toEqual([]);
});

test('disputes are seen by admins of their tenant only, and believed by a signature only', async () => {
  const { invoiceId, stripeId } = await bill(1_000);
  const dispute = stripe.disputes.open(stripeId);
  stripe.disputes.withdraw(dispute);
  const event = eventOf(dispute.id, 'charge.dispute.funds_withdrawn');
  expect(await deliver(event, 'whsec_other')).toMatchObject({ status: 400 });
  expect(await deliver({ ...event, livemode: true })).toMatchObject({ status: 400 });
  expect((await shown(invoiceId)).disputes).toEqual([]);
  // Whose it is says the payment, whatever it says of itself.
  dispute.metadata = { echo_tenant: 'default', echo_invoice: 'another' };
  await tell(dispute, 'funds_withdrawn');
  const list = '{ paymentDisputes { nodes { stripeId } } paymentLedger { nodes { sourceId } } }';
  const own = await app.graphql(list, {}, ann);
  expect(own.data.paymentDisputes.nodes).toEqual([{ stripeId: dispute.id }]);
  for (const other of [undefined, '@elsewhere:ann']) {
    const { data } = await app.graphql(list, {}, other);
    expect(JSON.stringify(data)).not.toContain(dispute.id);
    expect(await shown(invoiceId, other ?? 'default')).toBeNull();
  }
});

test('a partner gets no share of what a bank took back, and it again when it was won', async () => {
  const ask = async (call: string, answer = '__typename') =>
    (await app.graphql(`mutation { answer: ${call} { ${answer} ... on Error { code message } } }`, {}, ann))
      .data.answer;
  await ask('createPartner(input: { partnerId: "miller", name: "Miller", rate: 1000 })');
  await ask('createReferralCode(input: { partnerId: "miller", code: "flour" })');
  await ask('createClientAccount(input: { clientId: "cafe", name: "Cafe", code: "flour" })');
  await app.sql(`update business_parties set referred_at = '2020-01-01' where party_id = 'cafe'`);
  const now = new Date();
  const paidAt = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 5) / 1_000;
  const month = new Date(paidAt * 1_000).toISOString().slice(0, 7);
  stripe.setClock(() => paidAt);
  const one = await bill(10_000, 'CHARGE', 'cafe');
  await bill(2_000, 'CHARGE', 'cafe');
  stripe.setClock(() => Math.floor(Date.now() / 1_000));
  const report = async () =>
    (
      await ask(
        `makePayoutReports(month: "${month}")`,
        '... on MakePayoutReportsSuccess { reports { base amount lines { clientId bookings } } }',
      )
    ).reports;
  const lines = (bookings: number) => [{ clientId: 'cafe', bookings }];
  expect(await report()).toEqual([{ base: 12_000, amount: 1_200, lines: lines(2) }]);
  const dispute = stripe.disputes.open(one.stripeId, { amount: 4_000 });
  stripe.disputes.withdraw(dispute);
  await tell(dispute, 'funds_withdrawn');
  expect(await report()).toEqual([{ base: 8_000, amount: 800, lines: lines(3) }]);
  stripe.disputes.reinstate(dispute);
  await tell(dispute, 'funds_reinstated');
  expect(await report()).toEqual([{ base: 12_000, amount: 1_200, lines: lines(4) }]);
});
