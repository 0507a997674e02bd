import type { Ports } from '../../ground/ports.ts';
import type { Job } from '../../jobs/job.ts';
import type { PaymentDesk } from './desk.ts';
import type { StripeAccess } from './stripe.ts';

interface PaymentParts {
  /** Null: no payments are configured. */
  readonly stripe: StripeAccess | null;
  readonly paymentDesk: PaymentDesk | null;
}

declare module '../../graphql/context.ts' {
  interface Services extends PaymentParts {}
}

/** What moves money through Stripe. Without a key of it nothing of it is loaded. */
export async function openPayments({
  config: { payments },
  ...ports
}: Pick<Ports, 'config' | 'db' | 'outbound' | 'secrets'>): Promise<PaymentParts & { jobs: Job[] }> {
  if (payments === null) return { stripe: null, paymentDesk: null, jobs: [] };
  const [{ default: sdk }, { StripeAccess: Access }, { paymentJobs }, { PaymentDesk: Desk }] =
    await Promise.all([import('stripe'), import('./stripe.ts'), import('./jobs.ts'), import('./desk.ts')]);
  const stripe = new Access({ ...ports, config: payments, sdk });
  const jobs = paymentJobs({ db: ports.db, stripe, limits: payments.limits });
  return { stripe, paymentDesk: new Desk(ports.db), jobs };
}
