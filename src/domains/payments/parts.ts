import type { Ports } from '../../ground/ports.ts';
import type { Job } from '../../jobs/job.ts';
import type { StripeAccess } from './stripe.ts';

interface PaymentParts {
  /** Null: no payments are configured. */
  readonly stripe: StripeAccess | null;
}

declare module '../../graphql/context.ts' {
  interface Services extends PaymentParts {}
}

/** What moves money through Stripe. Without a key of it nothing of it is loaded. */
export async function openPayments({
  config: { payments },
  ...ports
}: Pick<Ports, 'config' | 'db' | 'outbound' | 'secrets'>): Promise<PaymentParts & { jobs: Job[] }> {
  if (payments === null) return { stripe: null, jobs: [] };
  const [{ default: library }, { StripeAccess: Access }, { paymentJobs }] = await Promise.all([
    import('stripe'),
    import('./stripe.ts'),
    import('./jobs.ts'),
  ]);
  const stripe = new Access({ ...ports, config: payments, library });
  return { stripe, jobs: paymentJobs({ db: ports.db, stripe, limits: payments.limits }) };
}
