import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import {
  type Fault,
  type StripeDouble,
  type StripeRequest,
  signatureOf,
  startStripeDouble,
} from './support/stripe-double.ts';
import { runTask, untilTask } from './support/tasks.ts';
import { type WorkerProcesses, workerProcesses } from './support/worker-processes.ts';

/** The front door; it runs no tasks itself. */
let app: TestApp;
let stripe: StripeDouble;
let workers: WorkerProcesses;
let settings: Record<string, string>;

beforeAll(async () => {
  stripe = await startStripeDouble();
  settings = {
    STRIPE_API_KEY: 'sk_test_double',
    STRIPE_WEBHOOK_SECRET: 'whsec_double',
    STRIPE_API_URL: stripe.url,
  };
  app = await startTestApp({ env: { ...settings, TASK_WORKERS: '0' } });
  workers = await workerProcesses();
});
afterAll(async () => {
  await workers.end();
  await app.close();
  await stripe.close();
});

const INVOICE = '{ invoiceId taskId state charges refunds { state amount } }';

/** Has servers killed at each of these requests, in this order, until the task is done by one that is not. */
async function killAtEach(
  taskId: string,
  stops: readonly [step: string, fault: Fault][],
  between: () => void,
) {
  const args = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  let at = 0;
  let isThere = false;
  stripe.failWith(({ key, method, path }: StripeRequest) => {
    const [step = '', fault] = stops[at] ?? [];
    const name = key?.startsWith('echo:') ? key.split(':').slice(3).join(':') : `${method} ${path}`;
    if (isThere || step === '' || !name.startsWith(step)) return undefined;
    isThere = true;
    return fault;
  });
  for (; at < stops.length; at++) {
    isThere = false;
    const worker = await workers.start(app.databaseUrl, { args });
    await expect.poll(() => [stops[at], isThere]).toEqual([stops[at], true]);
    await workers.kill(worker);
    between();
  }
  isThere = true;
  const last = await workers.start(app.databaseUrl, { args });
  await untilTask(app, taskId, 'COMPLETED', undefined, 60_000);
  await workers.kill(last);
}

const nothing = () => undefined;
test.each([
  ['knows the keys', nothing],
  ['has forgotten all keys, as after a day', () => stripe.forgetKeys()],
])('a server that is killed at each step charges once, where Stripe %s', async (_what, between) => {
  const before = { charges: stripe.all('charge').length, refunds: stripe.all('refund').length };
  const { data: made } = await app.graphql(
    'mutation { createPaymentCustomer(input: { name: "Ada" }) { ... on PaymentCustomerSuccess { customer { customerId } } } }',
  );
  const { customerId } = made.createPaymentCustomer.customer;
  // The customer's own task would be done beside it.
  await app.sql(
    `update autonomous_tasks set status = 'CANCELLED' where task_type = 'payment_customer' and status = 'PENDING'`,
  );
  const { data } = await app.graphql(
    `mutation ($id: ID!) { createPaymentInvoice(input: { customerId: $id, currency: "EUR", collection: CHARGE,
      items: [{ description: "Tea", amount: 4000 }] }) { ... on PaymentInvoiceSuccess { invoice ${INVOICE} } } }`,
    { id: customerId },
  );
  const { invoice } = data.createPaymentInvoice;
  await killAtEach(
    invoice.taskId,
    [
      ...(['create', 'update:1', 'create', 'GET /v1/invoices/', 'lines', 'finalize', 'pay:1'] as const).map(
        (step): [string, Fault] => [step, 'hang'],
      ),
      ['pay:1', 'lost'],
      // It was paid, and nobody has looked yet.
      ['GET /v1/payment_intents/', 'hang'],
    ],
    between,
  );
  const { data: refunded } = await app.graphql(
    `mutation ($id: ID!) { createPaymentRefund(input: { invoiceId: $id, currency: "EUR", amount: 1500 }) {
      ... on PaymentRefundSuccess { refund { taskId } } } }`,
    { id: invoice.invoiceId },
  );
  await killAtEach(
    refunded.createPaymentRefund.refund.taskId,
    [
      ['create', 'lost'],
      ['create', 'hang'],
      ['GET /v1/refunds/', 'hang'],
    ],
    between,
  );

  const { data: after } = await app.graphql(
    `query ($id: ID!) { paymentInvoice(invoiceId: $id) ${INVOICE} paymentLedger(first: 2) { nodes { kind amount } } }`,
    { id: invoice.invoiceId },
  );
  expect(after).toEqual({
    paymentInvoice: {
      ...{ invoiceId: invoice.invoiceId, taskId: invoice.taskId, state: 'PAID', charges: 1 },
      refunds: [{ state: 'SUCCEEDED', amount: 1_500 }],
    },
    paymentLedger: {
      nodes: [
        { kind: 'REFUND', amount: -1_500 },
        { kind: 'PAYMENT', amount: 4_000 },
      ],
    },
  });
  expect(stripe.all('charge').length).toBe(before.charges + 1);
  expect(stripe.all('refund').length).toBe(before.refunds + 1);
  const own = (object: string, name: string, id: string) =>
    stripe.all(object).filter(({ metadata }) => metadata[name] === id);
  expect(own('customer', 'echo_customer', customerId)).toHaveLength(1);
  expect(own('invoice', 'echo_invoice', invoice.invoiceId)).toMatchObject([{ total: 4_000 }]);
});

/** An invoice that was sent, and paid, of which nobody told yet. */
async function paidUnheard(amount: number) {
  const { data: made } = await app.graphql(
    'mutation { createPaymentCustomer(input: { name: "Ada", email: "ada@example.org" }) { ... on PaymentCustomerSuccess { customer { customerId } } } }',
  );
  const { data } = await app.graphql(
    `mutation ($input: CreatePaymentInvoiceInput!) { createPaymentInvoice(input: $input) { ... on PaymentInvoiceSuccess { invoice ${INVOICE} } } }`,
    {
      input: {
        ...{
          customerId: made.createPaymentCustomer.customer.customerId,
          currency: 'EUR',
          collection: 'SEND',
        },
        items: [{ description: 'Tea', amount }],
      },
    },
  );
  const { invoice } = data.createPaymentInvoice;
  await killAtEach(invoice.taskId, [['send', 'hang']], nothing);
  const [sent] = stripe.all('invoice');
  stripe.pay(sent?.id);
  return { invoice, stripeId: String(sent?.id) };
}

/** Tells the latest event of a type, twice. @returns the task that looks up what it is of */
async function told(type: string): Promise<string> {
  const event = stripe.all('event').find((each) => each.type === type);
  const payload = JSON.stringify(event);
  const headers = {
    ...{ 'content-type': 'application/json' },
    'stripe-signature': signatureOf(payload, ['whsec_double']),
  };
  for (let time = 0; time < 2; time++) {
    const answer = await fetch(`${app.url}/callbacks/stripe`, { method: 'POST', headers, body: payload });
    expect(answer.status).toBe(200);
  }
  const follows = await app.sql(
    `select task_id from autonomous_tasks where task_type = 'payment_follow' and payload->>'stripeId' = $1`,
    [event?.data.object.id],
  );
  expect(follows).toHaveLength(1);
  return String(follows[0]?.task_id);
}

test('what Stripe told, and what differs, is there once, though servers are killed that look it up', async () => {
  const { invoice } = await paidUnheard(2_100);
  await killAtEach(
    await told('invoice.paid'),
    [
      ['GET /v1/invoices/', 'hang'],
      ['GET /v1/payment_intents/', 'hang'],
    ],
    nothing,
  );
  const byHand = stripe.booked('charge', 555, 'eur', 'ch_byhand');
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const { taskId } = await runTask(app, {
    ...{ type: 'payment_reconciliation', payload: { days: 1, untilNow: true } },
  });
  await killAtEach(
    taskId,
    [
      ['GET /v1/events', 'hang'],
      ['GET /v1/balance_transactions', 'hang'],
      ['GET /v1/refunds', 'hang'],
    ],
    nothing,
  );
  const { data: after } = await app.graphql(
    `query ($id: ID!) { paymentInvoice(invoiceId: $id) { state } paymentDifferences { nodes { kind stripeId } }
      paymentLedger { nodes { kind amount } } }`,
    { id: invoice.invoiceId },
  );
  expect(after.paymentInvoice.state).toBe('PAID');
  expect(after.paymentDifferences.nodes).toEqual([{ kind: 'MISSING_HERE', stripeId: byHand.id }]);
  const own = after.paymentLedger.nodes.filter(({ amount }: { amount: number }) => amount === 2_100);
  expect(own).toEqual([{ kind: 'PAYMENT', amount: 2_100 }]);
});

test('a dispute whose payment nobody told of is booked once with it, though servers are killed that look it up', async () => {
  const { invoice, stripeId } = await paidUnheard(3_300);
  stripe.disputes.withdraw(stripe.disputes.open(stripeId));
  await killAtEach(
    await told('charge.dispute.created'),
    [
      ['GET /v1/disputes/', 'hang'],
      ['GET /v1/invoice_payments', 'hang'],
      ['GET /v1/invoices/', 'hang'],
      ['GET /v1/payment_intents/', 'hang'],
      // It was paid by our books now, and what the bank took is not booked.
      ['GET /v1/disputes/', 'lost'],
    ],
    nothing,
  );
  const { data: after } = await app.graphql(
    `query ($id: ID!) { paymentInvoice(invoiceId: $id) { state disputes { taken state } }
      paymentLedger(first: 2) { nodes { kind amount } } }`,
    { id: invoice.invoiceId },
  );
  expect(after).toEqual({
    paymentInvoice: { state: 'PAID', disputes: [{ taken: 3_300, state: 'NEEDS_RESPONSE' }] },
    paymentLedger: {
      nodes: [
        { kind: 'DISPUTE', amount: -3_300 },
        { kind: 'PAYMENT', amount: 3_300 },
      ],
    },
  });
});
