import { z } from 'zod';
import { oneOf, type RawSettings, url, wholeNumber } from './values.ts';

/** What one transaction may move at the most, in whole units of its currency, unless the operator says otherwise twice. */
const USUAL_MOST = 5_000;
const MOST = 1_000_000;

/** Where payments go, and what they may come to. */
export const settings = {
  STRIPE_API_KEY: z
    .string()
    .regex(/^(?:sk|rk)_(?:test|live)_[A-Za-z0-9_]{1,250}$/, {
      error: 'must be a secret or restricted key of Stripe (sk_test_…, rk_live_…)',
    })
    .optional(),
  STRIPE_WEBHOOK_SECRET: z
    .string()
    .regex(/^whsec_[\x21-\x7e]{1,250}$/, {
      error: 'must be the signing secret of a webhook endpoint (whsec_…)',
    })
    .optional(),
  STRIPE_MODE: oneOf('test', 'live').prefault('test'),
  STRIPE_ACCOUNT: z
    .string()
    .regex(/^acct_[A-Za-z0-9]{1,100}$/, { error: 'must be the id of an account (acct_…)' })
    .optional(),
  STRIPE_API_URL: url('http:', 'https:').prefault('https://api.stripe.com'),
  PAYMENTS_MAX_AMOUNT: wholeNumber(1, MOST).prefault(String(USUAL_MOST)),
  PAYMENTS_ABOVE_5000: oneOf('off', 'allowed').prefault('off'),
  PAYMENTS_APPROVAL_ABOVE: wholeNumber(0, MOST).prefault('1000'),
  PAYMENTS_PER_DAY: wholeNumber(1, 100 * MOST).prefault('20000'),
};
const Values = z.object(settings);

/** @returns what does not go together */
export function checkPayments(raw: RawSettings): string[] {
  const problems: string[] = [];
  const { STRIPE_API_KEY: key, STRIPE_WEBHOOK_SECRET: secret, STRIPE_MODE: mode = 'test' } = raw;
  if (key && isLive(key) !== (mode === 'live'))
    problems.push(
      `STRIPE_MODE: is ${mode}, but STRIPE_API_KEY is a key of the ${isLive(key) ? 'live' : 'test'} mode`,
    );
  if (secret && !key) problems.push('STRIPE_API_KEY: must be set when STRIPE_WEBHOOK_SECRET is set');
  if (Number(raw.PAYMENTS_MAX_AMOUNT ?? 0) > USUAL_MOST && raw.PAYMENTS_ABOVE_5000 !== 'allowed')
    problems.push(
      `PAYMENTS_MAX_AMOUNT: must be at most ${USUAL_MOST}, unless PAYMENTS_ABOVE_5000 is set to allowed`,
    );
  return problems;
}

export function paymentsOf(values: z.output<typeof Values>) {
  return {
    /** Null: no money moves. */
    payments: values.STRIPE_API_KEY
      ? {
          isLive: values.STRIPE_MODE === 'live',
          /** The account that events may be of; null: any that signs them. */
          account: values.STRIPE_ACCOUNT ?? null,
          apiUrl: values.STRIPE_API_URL,
          /** In whole units of a currency, each of them. */
          limits: {
            perTransaction: values.PAYMENTS_MAX_AMOUNT,
            /** Beyond, a second admin has to say yes. */
            approvalAbove: values.PAYMENTS_APPROVAL_ABOVE,
            /** Of a tenant, in UTC. */
            perDay: values.PAYMENTS_PER_DAY,
          },
        }
      : null,
  } as const;
}

/** Whether a key moves real money. */
export function isLive(key: string): boolean {
  return /^(?:sk|rk)_live_/.test(key);
}
