import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { TestApp } from './support/harness.ts';
import {
  billed,
  createPayment,
  type Payments,
  readInvoice,
  STRIPE_SECRET,
  startPayments,
} from './support/payments.ts';
import { type StripeDouble, signatureOf } from './support/stripe-double.ts';
import { gate, runTask, untilTask } from './support/tasks.ts';

let payments: Payments;
let stripe: StripeDouble;
let app: TestApp;

beforeAll(async () => {
  payments = await startPayments({ TASK_WORKERS: '3' });
  ({ app, stripe } = payments);
});
beforeEach(() => stripe.failWith(() => undefined));
afterAll(() => payments.close());

const create = (noun: 'Customer' | 'Invoice' | 'Refund', input: Record<string, unknown>, user?: string) =>
  createPayment(payments, noun, input, user);
const read = (id: string) => readInvoice(payments, id);

async function tell(id: string, type: string) {
  const event = stripe.all('event').find((each) => each.type === type && each.data.object.id === id);
  const payload = JSON.stringify(event);
  const answer = await fetch(`${app.url}/callbacks/stripe`, {
    ...{ method: 'POST', body: payload },
    headers: {
      'content-type': 'application/json',
      'stripe-signature': signatureOf(payload, [STRIPE_SECRET]),
    },
  });
  expect(await answer.json()).toEqual({ received: true, isNew: true });
}
const following = () =>
  app.sql("select from autonomous_tasks where task_type = 'payment_follow' and status <> 'COMPLETED'");

test('what was looked up before is not written over what was looked up after it', async () => {
  const { invoiceId, stripeId } = await billed(payments, 'SEND');
  const [asked, late] = [gate(), gate()];
  let looks = 0;
  stripe.failWith(({ method, path }) => {
    if (method !== 'GET' || path !== `/v1/invoices/${stripeId}` || looks++ > 0) return undefined;
    asked.open();
    return { answeredAfter: late.passed(null) };
  });
  await tell(stripeId, 'invoice.finalized');
  await asked.passed(null);
  stripe.pay(stripeId);
  await tell(stripeId, 'invoice.paid');
  await expect.poll(async () => (await read(invoiceId)).state).toBe('PAID');
  late.open();
  await expect.poll(following).toEqual([]);
  expect((await read(invoiceId)).state).toBe('PAID');
});

test('a refund that was looked up before it failed stays failed', async () => {
  const { invoiceId } = await billed(payments, 'CHARGE');
  const { taskId } = await create('Refund', { invoiceId, amount: 400, currency: 'EUR' });
  await untilTask(app, taskId, 'COMPLETED');
  const [refund = { id: '' }] = stripe.all('refund');
  const [asked, late] = [gate(), gate()];
  let looks = 0;
  stripe.failWith(({ method, path }) => {
    if (method !== 'GET' || path !== `/v1/refunds/${refund.id}` || looks++ > 0) return undefined;
    asked.open();
    return { answeredAfter: late.passed(null) };
  });
  await tell(refund.id, 'refund.created');
  await asked.passed(null);
  Object.assign(refund, { status: 'failed', failure_reason: 'lost_or_stolen_card' });
  stripe.told('refund.failed', refund);
  await tell(refund.id, 'refund.failed');
  await expect.poll(async () => (await read(invoiceId)).refunds[0].state).toBe('FAILED');
  late.open();
  await expect.poll(following).toEqual([]);
  expect((await read(invoiceId)).refunds[0].state).toBe('FAILED');
});

test('refunds of bank payments, which Stripe calls pyr_, are followed as well', async () => {
  const { invoiceId } = await billed(payments, 'CHARGE');
  const { refundId, taskId } = await create('Refund', { invoiceId, amount: 100, currency: 'EUR' });
  await untilTask(app, taskId, 'COMPLETED');
  const [refund = { id: '' }] = stripe.all('refund');
  const bank = { ...refund, id: `pyr_${refund.id.slice(3)}`, status: 'failed' };
  stripe.things.delete(refund.id);
  stripe.things.set(bank.id, bank);
  await app.sql(
    `update payment_refunds set stripe_id = $2, state = 'SENT', settled_at = null where refund_id = $1`,
    [refundId, bank.id],
  );
  stripe.told('refund.failed', bank);
  await tell(bank.id, 'refund.failed');
  await expect.poll(async () => (await read(invoiceId)).refunds[0].state).toBe('FAILED');
});

test('what is paid while the books are compared is no difference', async () => {
  const { invoiceId, stripeId } = await billed(payments, 'SEND', 900);
  // The clock of Stripe has whole seconds: what was made in this one is not before it.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const [listed, late] = [gate(), gate()];
  let lists = 0;
  stripe.failWith(({ method, path, form }) => {
    if (method !== 'GET' || path !== '/v1/invoices' || form.customer || lists++ > 0) return undefined;
    listed.open();
    return { answeredAfter: late.passed(null) };
  });
  const payload = { days: 1, untilNow: true };
  const { taskId } = await runTask(app, { type: 'payment_reconciliation', payload });
  await listed.passed(null);
  stripe.pay(stripeId);
  await tell(stripeId, 'invoice.paid');
  await expect.poll(async () => (await read(invoiceId)).state).toBe('PAID');
  late.open();
  await untilTask(app, taskId, 'COMPLETED');
  expect(await app.sql('select kind from payment_differences where stripe_id = $1', [stripeId])).toEqual([]);
});

test('what the server does for one tenant is seen and stopped by no admin of another', async () => {
  stripe.failWith(({ key }) =>
    key?.startsWith('echo:customer')
      ? { status: 503, error: { type: 'api_error', message: 'Try again' } }
      : undefined,
  );
  await create('Customer', { name: 'Ada' }, '@shop:ann');
  const [{ id } = { id: '' }] = await app.sql<{ id: string }>(
    `select task_id as id from autonomous_tasks where task_type = 'payment_customer' and payload ->> 'tenantId' = 'shop'`,
  );
  const ask = (user: string, query: string) => app.graphql(query, {}, user);
  const one = `{ task(taskId: "${id}") { taskId } }`;
  const listed = '{ tasks(filter: { system: true, type: "payment_customer" }) { nodes { taskId } } }';
  for (const verb of ['cancelTask', 'retryTask']) {
    const { data } = await ask(
      '@elsewhere:eve',
      `mutation { it: ${verb}(taskId: "${id}") { __typename ... on Error { message } } }`,
    );
    expect(data.it, verb).toMatchObject({ __typename: 'NotFoundError' });
  }
  expect((await ask('@elsewhere:eve', one)).data.task).toBeNull();
  expect((await ask('@elsewhere:eve', listed)).data.tasks.nodes).not.toContainEqual({ taskId: id });
  for (const user of ['@shop:bob', '@default:op']) {
    expect((await ask(user, one)).data.task, user).toEqual({ taskId: id });
    expect((await ask(user, listed)).data.tasks.nodes, user).toContainEqual({ taskId: id });
  }
});

test('what it does for all is stopped by admins of the tenant that runs it only', async () => {
  const { taskId } = await runTask(app, { type: 'payment_catch_up' });
  await untilTask(app, taskId, 'COMPLETED');
  // As if its schedule had made it.
  await app.sql(
    "update autonomous_tasks set status = 'FAILED', tenant_id = '*', user_id = null where task_id = $1",
    [taskId],
  );
  const change = (verb: string, user: string) =>
    app.graphql(
      `mutation { it: ${verb}(taskId: "${taskId}") { __typename ... on Error { code } } }`,
      {},
      user,
    );
  for (const verb of ['cancelTask', 'retryTask']) {
    const { errors } = await change(verb, '@shop:ann');
    expect(errors?.[0]?.extensions.code, verb).toBe('FORBIDDEN');
  }
  expect((await change('retryTask', '@default:op')).data.it.__typename).toBe('RetryTaskSuccess');
});

test('so is what Stripe told of one tenant', async () => {
  const { stripeId } = await billed(payments, 'SEND');
  stripe.pay(stripeId);
  await tell(stripeId, 'invoice.paid');
  expect(
    await app.sql(
      `select payload from autonomous_tasks where task_type = 'payment_follow' and payload ->> 'stripeId' = $1`,
      [stripeId],
    ),
  ).toEqual([{ payload: { stripeId, tenantId: 'default' } }]);
});

test('who is erased before this server knew that Stripe knows them is forgotten there, too', async () => {
  stripe.failWith(({ key }) => (key?.endsWith(':update:1') ? 'cut' : undefined));
  await create('Customer', { name: 'Vic Tim', email: 'vic@example.org', userId: 'vic' }, '@left:ann');
  const known = () => stripe.all('customer').filter(({ name }) => name === 'Vic Tim');
  await expect.poll(known).toHaveLength(1);
  const erased = await app.graphql('mutation { eraseUser(confirm: "vic") { __typename } }', {}, '@left:vic');
  expect(erased.data.eraseUser.__typename).toBe('EraseUserSuccess');
  await untilTask(app, (await runTask(app, { type: 'payment_catch_up' })).taskId, 'COMPLETED');
  expect(known()).toEqual([]);
});

test('what Stripe says against an address is not kept with its words', async () => {
  stripe.failWith(({ key }) =>
    key?.endsWith(':update:1')
      ? {
          status: 400,
          error: {
            ...{ type: 'invalid_request_error', code: 'email_invalid', param: 'email' },
            message: 'Invalid email address: vic@nowhere',
          },
        }
      : undefined,
  );
  await create('Customer', { name: 'Vic Tim', email: 'vic@nowhere', userId: 'vic' }, '@words:ann');
  const failed = () =>
    app.sql<{ error: string }>(
      `select error from autonomous_tasks where payload ->> 'tenantId' = 'words' and status = 'FAILED'`,
    );
  await expect.poll(failed).toHaveLength(1);
  const [{ error } = { error: '' }] = await failed();
  expect(error).toContain('email_invalid (email)');
  expect(error).not.toContain('vic@nowhere');
});

test('what is signed and no event with its object is refused by name', async () => {
  const event = { id: 'evt_shape', object: 'event', type: 'invoice.paid', created: 1, livemode: false };
  const object = { id: 'in_shape', metadata: { echo_tenant: 'a\u0000b' } };
  const cases: [string, number, string][] = [
    ['no JSON', 400, 'body: must be an event'],
    ['null', 400, 'stripe-signature'],
    [
      JSON.stringify({ ...event, object: 'v2.core.event', related_object: { id: 'in_x' } }),
      400,
      'no thin one',
    ],
    [JSON.stringify({ ...event, data: {} }), 400, 'data.object'],
    [JSON.stringify({ ...event, created: '2026-01-01T00:00:00Z', data: { object } }), 400, 'created'],
    [JSON.stringify({ ...event, created: 1e15, data: { object } }), 400, 'created'],
    [JSON.stringify({ ...event, id: 'evt_\u0000', data: { object } }), 400, 'id'],
    // Metadata are anybody's who has the account.
    [JSON.stringify({ ...event, data: { object } }), 200, 'received'],
  ];
  for (const [payload, status, words] of cases) {
    const answer = await fetch(`${app.url}/callbacks/stripe`, {
      ...{ method: 'POST', body: payload },
      headers: {
        'content-type': 'application/json',
        'stripe-signature': signatureOf(payload, [STRIPE_SECRET]),
      },
    });
    expect([answer.status, payload]).toEqual([status, payload]);
    expect(await answer.text()).toContain(words);
  }
});
