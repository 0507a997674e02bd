import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ConfigError, readConfig } from '../src/config.ts';
import { SERVER_OWNER } from '../src/domains/tasks/scope.ts';
import { makeTask } from '../src/domains/tasks/tasks.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { type Fault, type StripeDouble, startStripeDouble } from './support/stripe-double.ts';
import { runTask, untilTask } from './support/tasks.ts';

let stripe: StripeDouble;
let app: TestApp;
/** Of a tenant of its own, so that no day of another test counts. */
let tenant = '';
let tenants = 0;
const env = () => ({
  STRIPE_API_KEY: 'sk_test_double',
  STRIPE_WEBHOOK_SECRET: 'whsec_double',
  STRIPE_API_URL: stripe.url,
  TASK_WORKERS: '2',
});

beforeAll(async () => {
  stripe = await startStripeDouble();
  // No schedule has its time while a test counts.
  app = await startTestApp({ env: env(), now: () => new Date('2026-01-01T00:01:00Z') });
});
beforeEach(() => {
  stripe.failWith(() => undefined);
  tenant = `shop ${++tenants}`;
});
afterAll(async () => {
  await app.close();
  await stripe.close();
});

const CUSTOMER = 'customerId name email userId clientId stripeId state';
const REFUND =
  'refundId currency amount reason state stripeId taskId failureCode failure requestedBy decidedBy note settledAt';
const INVOICE = `invoiceId currency amount description collection daysUntilDue state number stripeId taskId charges failureCode failure
  requestedBy decidedBy note finalizedAt paidAt voidedAt items { description amount } customer { ${CUSTOMER} } refunds { ${REFUND} }`;
const ANSWER = `__typename ... on Error { code message } ... on InvalidInputError { field }
  ... on StatusMoveRefusedError { from to allowed } ... on NotConfiguredError { setting }`;
const MONEY = `... on AmountExceededError { field currency amount limit } ... on QuotaExceededError { field resetsAt }`;
const RESULTS = {
  Customer: `... on PaymentCustomerSuccess { customer { ${CUSTOMER} } }`,
  Invoice: `${MONEY} ... on PaymentInvoiceSuccess { invoice { ${INVOICE} } }`,
  Refund: `${MONEY} ... on PaymentRefundSuccess { refund { ${REFUND} } }`,
};
const admin = (name = 'ann') => `@${tenant}:${name}`;

async function change(call: string, variables: Record<string, unknown> = {}, user = admin(), of = app) {
  const [name = '', noun = ''] =
    /^(?:create|update|charge|void|approve|reject)Payment(\w+?)(?=\()/.exec(call) ?? [];
  const types: Record<string, string> = {
    input: `${name.charAt(0).toUpperCase()}${name.slice(1)}Input!`,
    ...{ id: 'ID!', note: 'String' },
  };
  const used = Object.keys(variables).map((each) => `$${each}: ${types[each]}`);
  const { data, errors } = await of.graphql(
    `mutation (${used.join(', ')}) { answer: ${call} { ${ANSWER} ${RESULTS[noun as keyof typeof RESULTS]} } }`,
    variables,
    user,
  );
  if (errors) throw new Error(errors.map(({ message }) => message).join());
  return data.answer;
}
const create = (noun: keyof typeof RESULTS, input: Record<string, unknown>, user?: string, of?: TestApp) =>
  change(`createPayment${noun}(input: $input)`, { input }, user, of);
const decide = (
  verb: 'approve' | 'reject',
  noun: 'Invoice' | 'Refund',
  id: string,
  user: string,
  note?: string,
) =>
  change(
    `${verb}Payment${noun}(${noun.toLowerCase()}Id: $id, note: $note)`,
    { id, note: note ?? null },
    user,
  );
const read = async (id: string) =>
  (await app.graphql(`query ($id: ID!) { paymentInvoice(invoiceId: $id) { ${INVOICE} } }`, { id }, admin()))
    .data.paymentInvoice;

async function customer(input: Record<string, unknown> = {}): Promise<string> {
  const made = await create('Customer', { name: 'Ada', email: 'ada@example.org', ...input });
  return made.customer.customerId;
}
const order = (customerId: string, amount = 1_000, more: Record<string, unknown> = {}) => ({
  ...{ customerId, currency: 'EUR', collection: 'CHARGE', items: [{ description: 'Tea', amount }] },
  ...more,
});
const settled = (taskId: string, status = 'COMPLETED') => untilTask(app, taskId, status, admin());

/** How often the customer of an invoice was charged. */
async function chargesOf(invoiceId: string): Promise<number> {
  const { stripeId } = (await read(invoiceId)).customer;
  return stripe.all('charge').filter((charge) => charge.customer === stripeId).length;
}

/** An invoice that was paid, of a customer of its own. */
async function paid(amount = 1_000, currency = 'EUR') {
  const { invoice } = await create('Invoice', order(await customer(), amount, { currency }));
  await settled(invoice.taskId);
  return read(invoice.invoiceId);
}

test('an invoice is made at Stripe, charged once, and booked with its fee', async () => {
  const customerId = await customer({ clientId: 'north' });
  const { invoice } = await create(
    'Invoice',
    order(customerId, 1_000, {
      items: [
        { description: 'Tea', amount: 900 },
        { description: 'Postage', amount: 100 },
      ],
      description: 'November',
    }),
  );
  expect(invoice).toMatchObject({ state: 'REQUESTED', amount: 1_000, stripeId: null, requestedBy: 'ann' });
  await settled(invoice.taskId);
  expect(await read(invoice.invoiceId)).toMatchObject({
    ...{
      state: 'PAID',
      number: expect.stringMatching(/^A-/),
      charges: 1,
      failure: null,
      description: 'November',
    },
    ...{ paidAt: expect.any(String), finalizedAt: expect.any(String) },
    items: [
      { description: 'Tea', amount: 900 },
      { description: 'Postage', amount: 100 },
    ],
    customer: { name: 'Ada', state: 'ACTIVE', clientId: 'north' },
  });
  const { data } = await app.graphql(
    `{ paymentLedger { nodes { kind currency amount fee clientId } }
      paymentRevenue(since: "2000-01-01T00:00:00Z", until: "2000-01-02T00:00:00Z") { day } }`,
    {},
    admin(),
  );
  expect(data).toEqual({
    paymentLedger: {
      nodes: [{ kind: 'PAYMENT', currency: 'EUR', amount: 1_000, fee: 59, clientId: 'north' }],
    },
    paymentRevenue: [],
  });
  const sent = stripe.requests.filter(({ key }) => key?.startsWith(`echo:invoice:${invoice.invoiceId}:`));
  expect(sent.map(({ key }) => key?.split(':').slice(3).join(':'))).toEqual([
    'create',
    'lines',
    'finalize',
    'pay:1',
  ]);
});

test('an invoice by mail is sent, and what is open can be made void', async () => {
  const customerId = await customer();
  const { invoice } = await create(
    'Invoice',
    order(customerId, 700, { collection: 'SEND', daysUntilDue: 14 }),
  );
  await settled(invoice.taskId);
  const open = await read(invoice.invoiceId);
  expect(open).toMatchObject({ state: 'OPEN', daysUntilDue: 14, charges: 0 });
  expect(stripe.things.get(open.stripeId)).toMatchObject({
    sent: 1,
    days_until_due: '14',
    collection_method: 'send_invoice',
  });
  const { invoice: voiding } = await change('voidPaymentInvoice(invoiceId: $id)', { id: invoice.invoiceId });
  await settled(voiding.taskId);
  expect(await read(invoice.invoiceId)).toMatchObject({ state: 'VOID', voidedAt: expect.any(String) });
  expect(await change('voidPaymentInvoice(invoiceId: $id)', { id: invoice.invoiceId })).toMatchObject({
    ...{ code: 'STATUS_MOVE_REFUSED', from: 'VOID' },
  });
  const nowhere = await customer({ email: null });
  expect(await create('Invoice', order(nowhere, 700, { collection: 'SEND' }))).toMatchObject({
    ...{ code: 'BAD_USER_INPUT', field: 'collection' },
  });
});

test.each([
  ['EUR', 500_000, 500_001],
  ['JPY', 5_000, 5_001],
  ['KWD', 5_000_000, 5_000_010],
])('one transaction moves 5,000.00 %s at the most', async (currency, most, tooMuch) => {
  const customerId = await customer();
  expect(await create('Invoice', order(customerId, tooMuch, { currency }))).toMatchObject({
    ...{ __typename: 'AmountExceededError', field: 'items', currency, amount: tooMuch, limit: most },
    message: expect.stringContaining('PAYMENTS_MAX_AMOUNT'),
  });
  expect(await create('Invoice', order(customerId, most, { currency }))).toMatchObject({
    invoice: { state: 'WAITING', amount: most, taskId: null },
  });
});

test('amounts are whole numbers of the smallest unit of a currency that there is', async () => {
  const customerId = await customer();
  const cases: [Record<string, unknown>, string][] = [
    [order(customerId, 0), 'items.0.amount'],
    [order(customerId, -5), 'items.0.amount'],
    [order(customerId, 5, { currency: 'XXY' }), 'currency'],
    [order(customerId, 5, { currency: 'eur' }), 'currency'],
    [order(customerId, 1_001, { currency: 'KWD' }), 'items'],
    [order(customerId, 150, { currency: 'ISK' }), 'items'],
    [order(customerId, 5, { items: [] }), 'items'],
    [order('nobody'), 'customerId'],
  ];
  for (const [input, field] of cases) {
    const answer = await create('Invoice', input);
    expect(answer.message, JSON.stringify(input)).toMatch(new RegExp(`^${field}: `));
  }
  await expect(create('Invoice', order(customerId, 12.5))).rejects.toThrow('Int cannot represent');
  expect(await app.sql('select from payment_invoices where tenant_id = $1', [tenant])).toEqual([]);
});

test('a day moves so much, and no more, in each currency', async () => {
  const customerId = await customer();
  for (let count = 0; count < 4; count++) await create('Invoice', order(customerId, 500_000));
  expect(await create('Invoice', order(customerId, 1))).toMatchObject({
    ...{ code: 'QUOTA_EXCEEDED', field: 'items', resetsAt: expect.stringMatching(/T00:00:00/) },
    message: expect.stringContaining('PAYMENTS_PER_DAY'),
  });
  expect(await create('Invoice', order(customerId, 100, { currency: 'USD' }))).toMatchObject({ invoice: {} });
});

test('the same key is the same invoice, and another content under it is refused', async () => {
  const input = order(await customer(), 1_200, { idempotencyKey: 'november' });
  const first = await create('Invoice', input);
  const again = await create('Invoice', input);
  expect(again.invoice.invoiceId).toBe(first.invoice.invoiceId);
  expect(await create('Invoice', { ...input, currency: 'USD' })).toMatchObject({
    code: 'IDEMPOTENCY_KEY_REUSED',
  });
});

test('what is above the threshold needs another admin', async () => {
  const { invoice } = await create('Invoice', order(await customer(), 100_001));
  expect(invoice).toMatchObject({ state: 'WAITING', taskId: null });
  await expect(decide('approve', 'Invoice', invoice.invoiceId, admin())).rejects.toThrow('cannot approve');
  await expect(decide('approve', 'Invoice', invoice.invoiceId, 'a user')).rejects.toThrow('only an admin');
  const { invoice: approved } = await decide('approve', 'Invoice', invoice.invoiceId, admin('bob'), 'Fine.');
  expect(approved).toMatchObject({ state: 'REQUESTED', requestedBy: 'ann', decidedBy: 'bob', note: 'Fine.' });
  expect(await decide('approve', 'Invoice', invoice.invoiceId, admin('cid'))).toMatchObject({
    code: 'STATUS_MOVE_REFUSED',
  });
  await settled(approved.taskId);
  expect(await read(invoice.invoiceId)).toMatchObject({ state: 'PAID' });
  expect(await chargesOf(invoice.invoiceId)).toBe(1);
  const told = await app.sql(
    `select action from echo_audit_log where tenant_id = $1 and action like 'invoice.%' order by id`,
    [tenant],
  );
  expect(told.map(({ action }) => action)).toEqual(['invoice.create', 'invoice.approve']);
});

test('what was asked for by somebody who is erased is approved by nobody; it can be rejected', async () => {
  const { invoice } = await create('Invoice', order(await customer(), 200_000));
  await app.sql(`update payment_invoices set requested_by = '(erased)' where invoice_id = $1`, [
    invoice.invoiceId,
  ]);
  await expect(decide('approve', 'Invoice', invoice.invoiceId, admin('bob'))).rejects.toThrow('erased');
  expect(await decide('reject', 'Invoice', invoice.invoiceId, admin('bob'))).toMatchObject({
    invoice: { state: 'REJECTED', taskId: null },
  });
});

test('refunds of an invoice come to what was paid and no more, in its currency', async () => {
  const invoice = await paid(1_000);
  const ask = (amount: number, more = {}) =>
    create('Refund', { invoiceId: invoice.invoiceId, amount, currency: 'EUR', ...more });
  expect(await ask(1_001)).toMatchObject({ code: 'AMOUNT_EXCEEDED', field: 'amount', limit: 1_000 });
  expect(await ask(100, { currency: 'USD' })).toMatchObject({
    code: 'BAD_USER_INPUT',
    field: 'currency',
  });
  const { refund } = await ask(600, { reason: 'REQUESTED_BY_CUSTOMER', idempotencyKey: 'once' });
  const again = await ask(600, { reason: 'REQUESTED_BY_CUSTOMER', idempotencyKey: 'once' });
  expect(again.refund.refundId).toBe(refund.refundId);
  expect(await ask(401)).toMatchObject({ code: 'AMOUNT_EXCEEDED', limit: 400, amount: 401 });
  await settled(refund.taskId);
  // Two at one time: one of them is too much.
  const both = await Promise.all([ask(400), ask(400)]);
  expect(both.map(({ code }) => code ?? 'OK').sort()).toEqual(['AMOUNT_EXCEEDED', 'OK']);
  await settled(both.find((each) => each.refund).refund.taskId);
  expect((await read(invoice.invoiceId)).refunds).toMatchObject([
    { amount: 600, state: 'SUCCEEDED', reason: 'REQUESTED_BY_CUSTOMER', settledAt: expect.any(String) },
    { amount: 400, state: 'SUCCEEDED' },
  ]);
  expect(await ask(1)).toMatchObject({ code: 'AMOUNT_EXCEEDED', limit: 0 });
  const { data } = await app.graphql(
    `query ($day: DateTime!) { paymentRevenue(since: $day, until: $day) { currency gross refunded fees net } }`,
    { day: new Date().toISOString() },
    admin(),
  );
  expect(data.paymentRevenue).toEqual([
    { currency: 'EUR', gross: 1_000, refunded: 1_000, fees: 59, net: -59 },
  ]);
});

test('only what was paid is refunded, and above the threshold by two', async () => {
  const { invoice } = await create('Invoice', order(await customer(), 300, { collection: 'SEND' }));
  await settled(invoice.taskId);
  expect(
    await create('Refund', { invoiceId: invoice.invoiceId, amount: 300, currency: 'EUR' }),
  ).toMatchObject({ code: 'STATUS_MOVE_REFUSED', from: 'OPEN' });
  const { invoice: large } = await create('Invoice', order(await customer(), 150_000));
  const approved = await decide('approve', 'Invoice', large.invoiceId, admin('bob'));
  await settled(approved.invoice.taskId);
  const { refund } = await create('Refund', { invoiceId: large.invoiceId, amount: 120_000, currency: 'EUR' });
  expect(refund).toMatchObject({ state: 'WAITING', taskId: null });
  await expect(decide('approve', 'Refund', refund.refundId, admin())).rejects.toThrow('cannot approve');
  const yes = await decide('approve', 'Refund', refund.refundId, admin('bob'));
  await settled(yes.refund.taskId);
  expect((await read(large.invoiceId)).refunds).toMatchObject([{ state: 'SUCCEEDED', decidedBy: 'bob' }]);
});

test('a declined card leaves the invoice open, and is charged again when somebody asks for it', async () => {
  const customerId = await customer();
  const { invoice: first } = await create('Invoice', order(customerId, 100));
  await settled(first.taskId);
  const { stripeId } = (await read(first.invoiceId)).customer;
  stripe.decline(stripeId, 'insufficient_funds');
  const { invoice } = await create('Invoice', order(customerId, 5_000));
  await settled(invoice.taskId);
  expect(await read(invoice.invoiceId)).toMatchObject({
    ...{ state: 'OPEN', failureCode: 'insufficient_funds', failure: 'Your card was declined.', charges: 1 },
  });
  stripe.decline(stripeId, null);
  const { invoice: again } = await change('chargePaymentInvoice(invoiceId: $id)', { id: invoice.invoiceId });
  expect(await change('chargePaymentInvoice(invoiceId: $id)', { id: invoice.invoiceId })).toMatchObject({
    code: 'STATUS_MOVE_REFUSED',
  });
  await settled(again.taskId);
  expect(await read(invoice.invoiceId)).toMatchObject({ state: 'PAID', failure: null, charges: 2 });
});

test('429, 5xx and connections that are cut after Stripe took it move the money once', async () => {
  const customerId = await customer();
  const limited = {
    status: 429,
    error: { type: 'rate_limit_error', code: 'rate_limit', message: 'Too many' },
  };
  const broken = { status: 503, error: { type: 'api_error', message: 'Try again' } };
  const faults: Record<string, Fault[]> = {
    create: ['cut'],
    lines: [limited],
    finalize: [broken, broken],
    'pay:1': ['cut', limited],
  };
  stripe.failWith(({ key }) => faults[/^echo:invoice:[^:]+:(.*)$/.exec(key ?? '')?.[1] ?? '']?.shift());
  const { invoice } = await create('Invoice', order(customerId, 2_500));
  await settled(invoice.taskId);
  expect(Object.values(faults).flat()).toEqual([]);
  expect(await read(invoice.invoiceId)).toMatchObject({ state: 'PAID', charges: 1 });
  expect(await chargesOf(invoice.invoiceId)).toBe(1);
  const own = stripe.all('invoice').filter(({ metadata }) => metadata.echo_invoice === invoice.invoiceId);
  expect(own).toHaveLength(1);
});

test('what Stripe refuses is not owed', async () => {
  stripe.failWith(({ path }) =>
    path.endsWith('/finalize')
      ? {
          status: 400,
          error: { type: 'invalid_request_error', code: 'amount_too_small', message: 'Too small' },
        }
      : undefined,
  );
  const { invoice } = await create('Invoice', order(await customer(), 1));
  await settled(invoice.taskId);
  expect(await read(invoice.invoiceId)).toMatchObject({
    state: 'FAILED',
    failureCode: 'amount_too_small',
    paidAt: null,
  });
});

test('who a customer is goes with an erasure, and the books stay', async () => {
  const customerId = await customer({ userId: 'vic', name: 'Vic Tim' });
  const { invoice } = await create('Invoice', order(customerId, 900));
  await settled(invoice.taskId);
  const dispute = stripe.disputes.open((await read(invoice.invoiceId)).stripeId);
  stripe.disputes.withdraw(dispute);
  const { taskId } = await runTask(app, { type: 'payment_catch_up' });
  await untilTask(app, taskId, 'COMPLETED');
  const of = `@${tenant}:vic`;
  const { data } = await app.graphql('{ exportUser { lines } }', {}, of);
  const line = data.exportUser.lines
    .map((each: string) => JSON.parse(each))
    .find((each: { kind: string }) => each.kind === 'payment_customer');
  expect(line).toMatchObject({
    ...{ customerId, name: 'Vic Tim' },
    invoices: [
      {
        ...{ amount: 900, currency: 'EUR', state: 'PAID', items: [{ description: 'Tea', amount: 900 }] },
        disputes: [{ stripeId: dispute.id, amount: 900, taken: 900, reason: 'fraudulent' }],
      },
    ],
  });
  const erased = await app.graphql(
    'mutation { eraseUser(confirm: "vic") { __typename ... on Error { message } } }',
    {},
    of,
  );
  expect(erased.data.eraseUser.__typename).toBe('EraseUserSuccess');
  expect(await read(invoice.invoiceId)).toMatchObject({
    ...{ state: 'PAID', amount: 900 },
    customer: { customerId, name: null, email: null, userId: null },
  });
  expect(await create('Invoice', order(customerId, 5))).toMatchObject({ code: 'STATUS_MOVE_REFUSED' });
});

test('only admins see and move money, each of their own tenant', async () => {
  const { invoiceId } = await paid();
  for (const query of [
    '{ paymentCustomers { nodes { name } } }',
    '{ paymentInvoices { nodes { amount } } }',
    '{ paymentLedger { nodes { amount } } }',
    '{ paymentRevenue(since: "2026-01-01T00:00:00Z", until: "2026-01-02T00:00:00Z") { gross } }',
    `{ paymentInvoice(invoiceId: "${invoiceId}") { amount } }`,
  ]) {
    const { errors } = await app.graphql(query, {}, 'a user');
    expect(errors?.[0]?.extensions.code, query).toBe('FORBIDDEN');
  }
  const { data } = await app.graphql(
    `{ paymentInvoice(invoiceId: "${invoiceId}") { amount } paymentLedger { nodes { amount } } }`,
    {},
    '@elsewhere:eve',
  );
  expect(data).toEqual({ paymentInvoice: null, paymentLedger: { nodes: [] } });
  expect(await create('Refund', { invoiceId, amount: 1, currency: 'EUR' }, '@elsewhere:eve')).toMatchObject({
    code: 'NOT_FOUND',
  });
});

test('without a key of Stripe nothing moves, and none of it is loaded', async () => {
  const other = await startTestApp();
  try {
    const input = { name: 'Ada' };
    expect(await create('Customer', input, '@shop:ann', other)).toMatchObject({
      ...{ code: 'NOT_CONFIGURED', setting: 'STRIPE_API_KEY' },
    });
    expect(await create('Invoice', order('x'), '@shop:ann', other)).toMatchObject({ code: 'NOT_CONFIGURED' });
    expect([...other.app.services.tasks.jobs.keys()].filter((name) => name.startsWith('payment'))).toEqual(
      [],
    );
    expect(other.app.services.stripe).toBe(null);
  } finally {
    await other.close();
  }
});

test('whatever is stored, nothing above the limit reaches Stripe', async () => {
  const customerId = await customer();
  const invoiceId = crypto.randomUUID();
  await app.sql(
    `insert into payment_invoices (tenant_id, invoice_id, customer, currency, amount, items, collection, state, requested_by)
     select tenant_id, $2, id, 'EUR', 500001, '[{"description": "Tea", "amount": 500001}]', 'CHARGE', 'REQUESTED', 'somebody'
     from payment_customers where customer_id = $1`,
    [customerId, invoiceId],
  );
  const { services } = app.app;
  const job = services.tasks.jobs.get('payment_invoice');
  if (!job) throw new Error('there is no such job');
  const payload = { tenantId: tenant, invoiceId };
  const { taskId } = await makeTask(services, job, {
    ...{ type: job.name, owner: SERVER_OWNER, createdBy: 'a test', payload },
  });
  const { error } = await settled(taskId, 'FAILED');
  expect(error).toContain('5000.00 EUR at the most');
  expect(stripe.all('invoice').filter(({ metadata }) => metadata.echo_invoice === invoiceId)).toEqual([]);
});

test.each<[string, Record<string, string>, string]>([
  ['a live key in the test mode', { STRIPE_API_KEY: 'sk_live_1' }, 'STRIPE_MODE: is test'],
  [
    'a test key in the live mode',
    { STRIPE_API_KEY: 'rk_test_1', STRIPE_MODE: 'live' },
    'STRIPE_MODE: is live',
  ],
  ['a public key', { STRIPE_API_KEY: 'pk_test_1' }, 'STRIPE_API_KEY: must be a secret or restricted key'],
  ['more than 5,000', { STRIPE_API_KEY: 'sk_test_1', PAYMENTS_MAX_AMOUNT: '5001' }, 'PAYMENTS_ABOVE_5000'],
  ['a signing secret alone', { STRIPE_WEBHOOK_SECRET: 'whsec_1' }, 'STRIPE_API_KEY: must be set'],
])('no server starts with %s', (_what, given, problem) => {
  expect(() => readConfig(given, '/nowhere')).toThrow(ConfigError);
  expect(() => readConfig(given, '/nowhere')).toThrow(problem);
});

test('the limit of a transaction is lowered by a setting, and raised by two', () => {
  const limitsOf = (given: Record<string, string>) =>
    readConfig({ STRIPE_API_KEY: 'sk_test_1', ...given }, '/nowhere').payments?.limits.perTransaction;
  expect(limitsOf({})).toBe(5_000);
  expect(limitsOf({ PAYMENTS_MAX_AMOUNT: '50' })).toBe(50);
  expect(limitsOf({ PAYMENTS_MAX_AMOUNT: '9000', PAYMENTS_ABOVE_5000: 'allowed' })).toBe(9_000);
});
