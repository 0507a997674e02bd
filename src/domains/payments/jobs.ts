import { z } from 'zod';
import * as input from '../../ground/input.ts';
import { defineJob, type Job } from '../../jobs/job.ts';
import { bill, chargeAgain, makeVoid } from './billing.ts';
import { catchUp, follow } from './catching-up.ts';
import * as names from './job-names.ts';
import { MAX_TENANT } from './limits.ts';
import { reconcile } from './reconciling.ts';
import { refund } from './refunding.ts';
import { customerAtStripe, type WorkParts } from './working.ts';

const tenantId = input.text(MAX_TENANT).describe('Whose it is.');
const invoiceId = input.text(100).describe('Of the invoice in `paymentInvoices`.');
/** Long enough for an outage of an hour. */
const retry = { limit: 15, delaySeconds: 2, maxDelaySeconds: 600 };
const movement = { mayCreate: 'SERVER', timeoutSeconds: 600, priority: 'HIGH', retry } as const;

/** What moves money. There is none of it without a key of Stripe. */
export function paymentJobs(parts: WorkParts): Job[] {
  return [
    defineJob({
      name: names.KEEP_CUSTOMER,
      description: 'Lets Stripe know a customer as they are now. Made by `createPaymentCustomer`.',
      payload: z.strictObject({ tenantId, customerId: input.text(100).describe('Of the customer.') }),
      ...movement,
      run: async (_services: unknown, { tenantId: tenant, customerId }, task) => ({
        id: customerId,
        stripeId: await customerAtStripe(parts, tenant, customerId, task),
      }),
    }),
    defineJob({
      name: names.SEND_INVOICE,
      description:
        'Makes an invoice at Stripe, and charges or sends it. Made by `createPaymentInvoice`, or by who approves it.',
      payload: z.strictObject({ tenantId, invoiceId }),
      ...movement,
      run: (_services: unknown, payload, task) => bill(parts, payload, task),
    }),
    defineJob({
      name: names.CHARGE_INVOICE,
      description: 'Charges an open invoice once more. Made by `chargePaymentInvoice`.',
      payload: z.strictObject({
        ...{ tenantId, invoiceId },
        charge: z.int().min(1).describe('The how manieth charge of the invoice it is.'),
      }),
      ...movement,
      run: (_services: unknown, payload, task) => chargeAgain(parts, payload, task),
    }),
    defineJob({
      name: names.VOID_INVOICE,
      description: 'Makes an open invoice void at Stripe. Made by `voidPaymentInvoice`.',
      payload: z.strictObject({ tenantId, invoiceId }),
      ...movement,
      run: (_services: unknown, payload, task) => makeVoid(parts, payload, task),
    }),
    defineJob({
      name: names.SEND_REFUND,
      description:
        'Has money of a paid invoice go back. Made by `createPaymentRefund`, or by who approves it.',
      payload: z.strictObject({ tenantId, refundId: input.text(100).describe('Of the refund.') }),
      ...movement,
      run: (_services: unknown, payload, task) => refund(parts, payload, task),
    }),
    ...lookingJobs(parts),
  ];
}

/** What looks at Stripe, and moves nothing. */
function lookingJobs(parts: WorkParts): Job[] {
  const whole = (most: number) =>
    z
      .int()
      .min(1, { error: 'must be at least 1' })
      .max(most, { error: `must be at most ${most}` });
  return [
    defineJob({
      name: names.FOLLOW,
      description:
        'Looks up at Stripe how an invoice, a refund or a dispute stands. Made by what Stripe tells.',
      payload: z.strictObject({
        stripeId: input.text(300).describe('Its id at Stripe.'),
        tenantId: tenantId.optional(),
      }),
      ...movement,
      run: async (_services: unknown, { stripeId }, task) => ({
        isOurs: await follow(parts, stripeId, task),
      }),
    }),
    defineJob({
      name: names.CATCH_UP,
      description:
        'Looks for what Stripe told and nobody heard, for money that was booked late, and has Stripe forget customers who were erased.',
      payload: z.strictObject({
        hours: whole(24 * 30)
          .default(72)
          .describe('How far back it looks.'),
      }),
      ...{ mayCreate: 'OPERATOR', timeoutSeconds: 1_800, priority: 'LOW' },
      schedule: { cron: '*/15 * * * *', timeZone: 'UTC', missed: 'RUN_ONCE' },
      run: (_services: unknown, { hours }, task) => catchUp(parts, hours, task),
    }),
    defineJob({
      name: names.RECONCILE,
      description:
        'Looks up disputes that nobody told, and compares our books with those of Stripe, day by day. What differs is in `paymentDifferences`, in health, and an alert.',
      payload: z.strictObject({
        days: whole(31).default(3).describe('How many days, up to yesterday in UTC.'),
        untilNow: z.boolean().default(false).describe('Also today, up to now.'),
      }),
      ...{ mayCreate: 'OPERATOR', timeoutSeconds: 3_600 },
      schedule: { cron: '10 2 * * *', timeZone: 'UTC', missed: 'RUN_ONCE' },
      run: (_services: unknown, { days, untilNow }, task) => {
        const now = new Date();
        const today = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()));
        return reconcile(parts, { days, until: untilNow ? now : today }, task);
      },
    }),
  ];
}
