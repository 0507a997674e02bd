import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import {
  billed,
  createPayment,
  type Payments,
  readInvoice,
  STRIPE_SECRET,
  startPayments,
} from './support/payments.ts';
import { type StripeDouble, signatureOf } from './support/stripe-double.ts';
import { runTask, untilTask } from './support/tasks.ts';

let payments: Payments;
let stripe: StripeDouble;
let app: TestApp;

beforeAll(async () => {
  payments = await startPayments({ STRIPE_ACCOUNT: 'acct_mine' });
  ({ app, stripe } = payments);
});
beforeEach(() => stripe.failWith(() => undefined));
afterAll(() => payments.close());

const create = (noun: 'Customer' | 'Invoice' | 'Refund', input: Record<string, unknown>, user?: string) =>
  createPayment(payments, noun, input, user);
const read = (id: string) => readInvoice(payments, id);
const state = async (id: string) => (await read(id)).state;

/** As Stripe would tell it. */
const payloadOf = (event: object) => JSON.stringify({ ...event, pending_webhooks: 1 }, null, 2);
function deliver(
  payload: string,
  signature = signatureOf(payload, [STRIPE_SECRET]),
  path = '/callbacks/stripe',
) {
  return fetch(`${app.url}${path}`, {
    ...{ method: 'POST', body: payload },
    headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature },
  });
}
const eventOf = (id: string, type: string) =>
  stripe.all('event').find((event) => event.type === type && event.data.object.id === id) ?? {};
const taken = (id: string) => app.sql('select caught_up, type from payment_events where event_id = $1', [id]);

test('what Stripe tells is looked up: late, twice and in any order', async () => {
  const { invoiceId, stripeId } = await billed(payments, 'SEND');
  stripe.pay(stripeId);
  const paid = eventOf(stripeId, 'invoice.paid');
  const finalized = eventOf(stripeId, 'invoice.finalized');
  const first = await deliver(payloadOf(paid));
  expect([first.status, await first.json()]).toEqual([200, { received: true, isNew: true }]);
  await expect.poll(() => state(invoiceId)).toBe('PAID');
  // What was before is told after it, and the same once more.
  expect(await (await deliver(payloadOf(finalized))).json()).toEqual({ received: true, isNew: true });
  expect(await (await deliver(payloadOf(paid))).json()).toEqual({ received: true, isNew: false });
  await expect
    .poll(() =>
      app.sql("select from autonomous_tasks where task_type = 'payment_follow' and status <> 'COMPLETED'"),
    )
    .toEqual([]);
  expect(await state(invoiceId)).toBe('PAID');
  const { data } = await app.graphql('{ paymentLedger(first: 1) { nodes { kind amount } } }');
  expect(data.paymentLedger.nodes).toEqual([{ kind: 'PAYMENT', amount: 1_000 }]);
  expect(await taken(paid.id)).toHaveLength(1);
});

test('an event is believed only with a signature of now, of this mode and account', async () => {
  const { invoiceId, stripeId } = await billed(payments, 'SEND');
  stripe.makeVoid(stripeId);
  const event = eventOf(stripeId, 'invoice.voided');
  const payload = payloadOf(event);
  const now = Math.floor(Date.now() / 1_000);
  const refused: [string, string, string?][] = [
    ['of another secret', payload, signatureOf(payload, ['whsec_other'])],
    ['of yesterday', payload, signatureOf(payload, [STRIPE_SECRET], now - 86_400)],
    ['301 s old', payload, signatureOf(payload, [STRIPE_SECRET], now - 301)],
    ['of another body', `${payload} `, signatureOf(payload, [STRIPE_SECRET])],
    ['of the scheme v0', payload, signatureOf(payload, [STRIPE_SECRET]).replace('v1=', 'v0=')],
    ['none', payload, 'garbage'],
    ['of the live mode', payloadOf({ ...event, livemode: true })],
    ['of another account', payloadOf({ ...event, account: 'acct_other' })],
  ];
  for (const [what, body, signature] of refused) {
    const answer = await deliver(body, signature);
    expect(answer.status, what).toBe(400);
    expect((await answer.json()).errors[0].extensions.code, what).toBe('BAD_EVENT');
  }
  expect(await taken(event.id)).toEqual([]);
  expect(await state(invoiceId)).toBe('OPEN');
  const large = payloadOf({ ...event, note: 'x'.repeat(262_144) });
  expect((await deliver(large)).status).toBe(413);
  expect(
    (await deliver(payload, signatureOf(payload, [STRIPE_SECRET]), '/callbacks/stripe/more')).status,
  ).toBe(404);
  expect((await fetch(`${app.url}/callbacks/stripe`)).status).toBe(405);

  // While a secret is changed there are several; it may be nearly 300 s old; the account may be this one's.
  const mine = payloadOf({ ...event, account: 'acct_mine' });
  expect((await deliver(mine, signatureOf(mine, ['whsec_other', STRIPE_SECRET], now - 280))).status).toBe(
    200,
  );
  await expect.poll(() => state(invoiceId)).toBe('VOID');
  await app.app.services.audit.flush();
  const told = await app.sql(`select from echo_audit_log where action = '/callbacks/stripe'`);
  expect(told.length).toBeGreaterThan(0);
});

test('nobody hears of it where no payments are configured', async () => {
  const other = await startTestApp();
  try {
    const answer = await fetch(`${other.url}/callbacks/stripe`, { method: 'POST', body: '{}' });
    expect(answer.status).toBe(404);
  } finally {
    await other.close();
  }
});

test('what nobody told is caught up with, and who was erased is forgotten at Stripe', async () => {
  const { invoiceId, stripeId } = await billed(payments, 'SEND');
  stripe.pay(stripeId);
  const { customer } = stripe.things.get(stripeId) ?? {};
  await app.sql('delete from payment_people');
  const caught = await untilTask(app, (await runTask(app, { type: 'payment_catch_up' })).taskId, 'COMPLETED');
  expect(caught.result.events).toBeGreaterThan(0);
  expect(await state(invoiceId)).toBe('PAID');
  expect(await taken(eventOf(stripeId, 'invoice.paid').id)).toMatchObject([{ caught_up: true }]);
  const again = await untilTask(app, (await runTask(app, { type: 'payment_catch_up' })).taskId, 'COMPLETED');
  expect(again.result).toMatchObject({ events: 0, booked: 0, forgotten: 0 });
  expect(stripe.things.get(customer)).toMatchObject({ deleted: true });
  expect(
    await app.sql(`select from payment_customers where state <> 'FORGOTTEN' or stripe_id is not null`),
  ).toEqual([]);
});

async function reconciled() {
  const { taskId } = await runTask(app, {
    type: 'payment_reconciliation',
    payload: { days: 1, untilNow: true },
  });
  const { result } = await untilTask(app, taskId, 'COMPLETED');
  const { data } = await app.graphql(
    '{ paymentDifferences(open: true, first: 50) { nodes { differenceId kind stripeId ours theirs ourId } } health { checks { name status detail } } activeAlerts { name } }',
  );
  return {
    ...{ result, open: data.paymentDifferences.nodes },
    health: data.health.checks.find(({ name }: { name: string }) => name === 'payments'),
  };
}

test('a reconciliation finds what is missing there or here, differs or is doubled, and nothing else', async () => {
  const one = await billed(payments, 'CHARGE', 1_100);
  const two = await billed(payments, 'CHARGE', 1_200);
  const three = await billed(payments, 'CHARGE', 1_300);
  const four = await billed(payments, 'SEND', 1_400);
  const { taskId } = await create('Refund', { invoiceId: one.invoiceId, amount: 400, currency: 'EUR' });
  await untilTask(app, taskId, 'COMPLETED');
  const [refund] = stripe.all('refund');
  // The clock of Stripe has whole seconds: what was made in this one is not before it.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const clean = await reconciled();
  expect([clean.open, clean.health.status]).toEqual([[], 'HEALTHY']);
  expect(clean.result).toMatchObject({ differences: 0, isWhole: true });

  const booked = async (invoiceId: string) =>
    (
      await app.sql<{ txn: string; source: string }>(
        `select l.stripe_id as txn, l.source_id as source from payment_ledger l join payment_invoices i on i.id = l.invoice
         where i.invoice_id = $1 and l.kind = 'PAYMENT'`,
        [invoiceId],
      )
    )[0] ?? { txn: '', source: '' };
  const [first, second, third] = [
    await booked(one.invoiceId),
    await booked(two.invoiceId),
    await booked(three.invoiceId),
  ];
  const byHand = stripe.booked('charge', 777, 'eur', 'ch_byhand');
  const twice = stripe.booked('charge', 1_100, 'eur', first.source);
  Object.assign(stripe.things.get(second.txn) ?? {}, { amount: 1_201 });
  Object.assign(stripe.things.get(third.txn) ?? {}, { currency: 'usd' });
  // Nobody was told of it.
  Object.assign(stripe.things.get(four.stripeId) ?? {}, { status: 'uncollectible' });
  Object.assign(refund ?? {}, { status: 'failed' });
  const copy = stripe.made('in', { ...stripe.things.get(four.stripeId), id: 'in_copy' });
  await app.sql(
    `insert into payment_ledger (kind, occurred_at, day, currency, amount, fee, invoice, stripe_id, source_id)
     select 'PAYMENT', now() - interval '1 second', current_date, 'EUR', 5, 0, max(id), 'txn_nowhere', 'ch_nowhere' from payment_invoices`,
  );
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const found = await reconciled();
  const byId = Object.fromEntries(
    found.open.map((each: { kind: string; stripeId: string }) => [each.stripeId, each]),
  );
  expect(byId).toEqual({
    [byHand.id]: expect.objectContaining({ kind: 'MISSING_HERE', theirs: 'charge 7.77 EUR of ch_byhand' }),
    [twice.id]: expect.objectContaining({ kind: 'DOUBLED' }),
    [second.txn]: expect.objectContaining({
      kind: 'AMOUNT',
      ours: expect.stringContaining('12.00'),
      theirs: expect.stringContaining('12.01'),
    }),
    [third.txn]: expect.objectContaining({ kind: 'CURRENCY' }),
    [four.stripeId]: expect.objectContaining({
      kind: 'STATUS',
      ours: 'OPEN',
      theirs: 'UNCOLLECTIBLE',
      ourId: four.invoiceId,
    }),
    [refund?.id]: expect.objectContaining({ kind: 'STATUS', ours: 'SUCCEEDED', theirs: 'FAILED' }),
    [copy.id]: expect.objectContaining({ kind: 'DOUBLED', ours: four.stripeId }),
    txn_nowhere: expect.objectContaining({ kind: 'MISSING_THERE', ours: 'PAYMENT 0.05 EUR' }),
  });
  expect(found.result).toMatchObject({ differences: 8, fresh: 8 });
  expect(found.health).toMatchObject({
    status: 'DEGRADED',
    detail: expect.stringContaining('8 differences'),
  });
  await expect
    .poll(async () => (await app.graphql('{ activeAlerts { name } }')).data.activeAlerts, { interval: 500 })
    .toContainEqual({ name: 'payment_differences' });

  // Once more: the same, not twice. What is put right goes, what a person resolved is not told again.
  const resolve = async (stripeId: string, note: string) =>
    (
      await app.graphql(
        `mutation ($id: ID!, $note: String!) { resolvePaymentDifference(differenceId: $id, note: $note) { ... on Error { code }
          ... on PaymentDifferenceSuccess { difference { resolvedBy note } } } }`,
        { id: byId[stripeId].differenceId, note },
      )
    ).data.resolvePaymentDifference;
  expect(await resolve(byHand.id, 'Charged in the dashboard.')).toEqual({
    difference: { resolvedBy: 'default', note: 'Charged in the dashboard.' },
  });
  expect(await resolve(byHand.id, 'Again.')).toEqual({ code: 'NOT_FOUND' });
  expect(await resolve(copy.id, ' ')).toEqual({ code: 'BAD_USER_INPUT' });
  // An invoice is looked up once more.
  await resolve(four.stripeId, 'Given up.');
  await expect.poll(() => state(four.invoiceId)).toBe('UNCOLLECTIBLE');
  Object.assign(stripe.things.get(second.txn) ?? {}, { amount: 1_200 });
  const later = await reconciled();
  expect(later.result).toMatchObject({ fresh: 0 });
  expect(later.open.map(({ stripeId }: { stripeId: string }) => stripeId).sort()).toEqual(
    [twice.id, third.txn, refund?.id, copy.id, 'txn_nowhere'].sort(),
  );
  const audited = await app.sql(`select from echo_audit_log where action = 'difference.resolve'`);
  expect(audited).toHaveLength(2);
});

test('catching up and the reconciliation run by themselves', async () => {
  const { data } = await app.graphql('{ schedules { name cron timeZone } }');
  const own = data.schedules.filter(({ name }: { name: string }) => name.startsWith('payment_'));
  expect(own).toEqual([
    { name: 'payment_catch_up', cron: '*/15 * * * *', timeZone: 'UTC' },
    { name: 'payment_reconciliation', cron: '10 2 * * *', timeZone: 'UTC' },
  ]);
});
