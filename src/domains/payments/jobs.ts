import { z } from 'zod';
import * as input from '../../ground/input.ts';
import { defineJob, type Job } from '../../jobs/job.ts';
import { bill, chargeAgain, makeVoid } from './billing.ts';
import { CHARGE_INVOICE, KEEP_CUSTOMER, SEND_INVOICE, SEND_REFUND, VOID_INVOICE } from './job-names.ts';
import { refund } from './refunding.ts';
import { customerAtStripe, type WorkParts } from './working.ts';

const tenantId = input.text(100).describe('Whose it is.');
const invoiceId = input.text(100).describe('Of the invoice in `paymentInvoices`.');
/** Long enough for an outage of an hour. */
const retry = { limit: 15, delaySeconds: 2, maxDelaySeconds: 600 };
const movement = { mayCreate: 'SERVER', timeoutSeconds: 600, priority: 'HIGH', retry } as const;

/** What moves money. There is none of it without a key of Stripe. */
export function paymentJobs(parts: WorkParts): Job[] {
  return [
    defineJob({
      name: KEEP_CUSTOMER,
      description: 'Lets Stripe know a customer as they are now. Made by `createPaymentCustomer`.',
      payload: z.strictObject({ tenantId, customerId: input.text(100).describe('Of the customer.') }),
      ...movement,
      run: async (_services: unknown, { tenantId: tenant, customerId }, task) => ({
        id: customerId,
        stripeId: await customerAtStripe(parts, tenant, customerId, task),
      }),
    }),
    defineJob({
      name: SEND_INVOICE,
      description:
        'Makes an invoice at Stripe, and charges or sends it. Made by `createPaymentInvoice`, or by who approves it.',
      payload: z.strictObject({ tenantId, invoiceId }),
      ...movement,
      run: (_services: unknown, payload, task) => bill(parts, payload, task),
    }),
    defineJob({
      name: CHARGE_INVOICE,
      description: 'Charges an open invoice once more. Made by `chargePaymentInvoice`.',
      payload: z.strictObject({
        ...{ tenantId, invoiceId },
        charge: z.int().min(1).describe('The how manieth charge of the invoice it is.'),
      }),
      ...movement,
      run: (_services: unknown, payload, task) => chargeAgain(parts, payload, task),
    }),
    defineJob({
      name: VOID_INVOICE,
      description: 'Makes an open invoice void at Stripe. Made by `voidPaymentInvoice`.',
      payload: z.strictObject({ tenantId, invoiceId }),
      ...movement,
      run: (_services: unknown, payload, task) => makeVoid(parts, payload, task),
    }),
    defineJob({
      name: SEND_REFUND,
      description:
        'Has money of a paid invoice go back. Made by `createPaymentRefund`, or by who approves it.',
      payload: z.strictObject({ tenantId, refundId: input.text(100).describe('Of the refund.') }),
      ...movement,
      run: (_services: unknown, payload, task) => refund(parts, payload, task),
    }),
  ];
}
