import { startTestApp, type TestApp } from './harness.ts';
import { type StripeDouble, startStripeDouble } from './stripe-double.ts';
import { untilTask } from './tasks.ts';

/** With which the double signs what it tells. */
export const STRIPE_SECRET = 'whsec_double';

export interface Payments {
  readonly app: TestApp;
  readonly stripe: StripeDouble;
  readonly close: () => Promise<void>;
}

/** A server that takes payments at a Stripe of its own. No schedule has its time while a test counts. */
export async function startPayments(env: Record<string, string>): Promise<Payments> {
  const stripe = await startStripeDouble();
  const app = await startTestApp({
    now: () => new Date('2026-01-01T00:01:00Z'),
    env: {
      ...{
        STRIPE_API_KEY: 'sk_test_double',
        STRIPE_WEBHOOK_SECRET: STRIPE_SECRET,
        STRIPE_API_URL: stripe.url,
      },
      ...env,
    },
  });
  const close = async () => {
    await app.close();
    await stripe.close();
  };
  return { app, stripe, close };
}

const MADE = {
  Customer: '... on PaymentCustomerSuccess { customer { customerId } }',
  Invoice: '... on PaymentInvoiceSuccess { invoice { invoiceId taskId } }',
  Refund: '... on PaymentRefundSuccess { refund { refundId taskId } }',
};

/** Makes something of payments. @throws with what was answered where nothing was made */
export async function createPayment(
  { app }: Payments,
  noun: keyof typeof MADE,
  input: Record<string, unknown>,
  user?: string,
) {
  const { data, errors } = await app.graphql(
    `mutation ($input: CreatePayment${noun}Input!) { answer: createPayment${noun}(input: $input) { ... on Error { message } ${MADE[noun]} } }`,
    { input },
    user,
  );
  const made = data?.answer?.[noun.toLowerCase()];
  if (!made) throw new Error(JSON.stringify([data, errors]));
  return made;
}

/** An invoice that Stripe has, of a customer of its own. */
export async function billed(
  payments: Payments,
  collection: 'CHARGE' | 'SEND',
  amount = 1_000,
): Promise<{ invoiceId: string; stripeId: string }> {
  const { customerId } = await createPayment(payments, 'Customer', {
    name: 'Ada',
    email: 'ada@example.org',
  });
  const items = [{ description: 'Tea', amount }];
  const input = { customerId, currency: 'EUR', collection, items };
  const { invoiceId, taskId } = await createPayment(payments, 'Invoice', input);
  await untilTask(payments.app, taskId, 'COMPLETED');
  return { invoiceId, stripeId: (await readInvoice(payments, invoiceId)).stripeId };
}

/** How an invoice stands, with its refunds. */
export const readInvoice = async ({ app }: Payments, id: string) =>
  (
    await app.graphql(
      `query ($id: ID!) { paymentInvoice(invoiceId: $id) { state stripeId refunds { state stripeId } } }`,
      { id },
    )
  ).data.paymentInvoice;
