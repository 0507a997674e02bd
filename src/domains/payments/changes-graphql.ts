import {
  AmountExceeded,
  IdempotencyKeyReused,
  InvalidInput,
  NotConfigured,
  NotFound,
  QuotaExceeded,
  StatusMoveRefused,
} from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { decideInvoice, decideRefund } from './approvals.ts';
import { createCustomer, updateCustomer } from './customers.ts';
import { CustomerRef } from './customers-graphql.ts';
import { InvoiceRef } from './graphql.ts';
import { CustomerChange, characters, NewCustomer, NewInvoice, NewRefund } from './inputs-graphql.ts';
import type { InvoiceRow, RefundRow } from './invoice-tables.ts';
import { chargeInvoice, createInvoice, voidInvoice } from './invoices.ts';
import * as limits from './limits.ts';
import type { SeenCustomer } from './reads.ts';
import { createRefund } from './refunds.ts';
import { RefundRef } from './refunds-graphql.ts';

const UNION = 'The success of this operation, or one of the failures that a caller may expect.';
const CustomerSuccess = builder.objectRef<{ customer: SeenCustomer }>('PaymentCustomerSuccess').implement({
  description: 'It is stored; Stripe gets to know it by a task.',
  fields: (t) => ({ customer: t.expose('customer', { type: CustomerRef, description: 'As it is now.' }) }),
});
const InvoiceSuccess = builder.objectRef<{ invoice: InvoiceRow }>('PaymentInvoiceSuccess').implement({
  description: 'It is stored; what is to be done at Stripe is done by a task.',
  fields: (t) => ({ invoice: t.expose('invoice', { type: InvoiceRef, description: 'As it is now.' }) }),
});
const RefundSuccess = builder.objectRef<{ refund: RefundRow }>('PaymentRefundSuccess').implement({
  description: 'It is stored; what is to be done at Stripe is done by a task.',
  fields: (t) => ({ refund: t.expose('refund', { type: RefundRef, description: 'As it is now.' }) }),
});
const usual = [InvalidInput, NotFound, NotConfigured, StatusMoveRefused, IdempotencyKeyReused] as const;
const CustomerResult = builder.errorUnion('PaymentCustomerResult', {
  description: UNION,
  types: [CustomerSuccess, ...usual],
  resolveType: () => 'PaymentCustomerSuccess',
});
const InvoiceResult = builder.errorUnion('PaymentInvoiceResult', {
  description: UNION,
  types: [InvoiceSuccess, ...usual, AmountExceeded, QuotaExceeded],
  resolveType: () => 'PaymentInvoiceSuccess',
});
const RefundResult = builder.errorUnion('PaymentRefundResult', {
  description: UNION,
  types: [RefundSuccess, ...usual, AmountExceeded, QuotaExceeded],
  resolveType: () => 'PaymentRefundSuccess',
});

const note = `What there is to say of it, at most ${characters(limits.MAX_NOTE)}.`;
const whichInvoice = 'The invoice.';
const whichRefund = 'The refund.';

builder.mutationFields((t) => ({
  createPaymentCustomer: t.field({
    type: CustomerResult,
    description: 'Takes down who is to be billed. Only for admins.',
    args: { input: t.arg({ type: NewCustomer, required: true, description: 'Who.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      customer: await createCustomer(services, principal, input),
    }),
  }),
  updatePaymentCustomer: t.field({
    type: CustomerResult,
    description: 'Changes who a customer is. Only for admins.',
    args: { input: t.arg({ type: CustomerChange, required: true, description: 'What changes.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      customer: await updateCustomer(services, principal, { ...input, customerId: String(input.customerId) }),
    }),
  }),
  createPaymentInvoice: t.field({
    type: InvoiceResult,
    description:
      'Asks a customer for money: the invoice is made at Stripe, and charged or sent; where it is above `PAYMENTS_APPROVAL_ABOVE`, when a second admin has said yes. Only for admins.',
    args: { input: t.arg({ type: NewInvoice, required: true, description: 'The invoice.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      invoice: await createInvoice(services, principal, { ...input, customerId: String(input.customerId) }),
    }),
  }),
  chargePaymentInvoice: t.field({
    type: InvoiceResult,
    description: `Charges an open invoice once more, after the charge before was declined; at most ${limits.MAX_CHARGES} times in all. Only for admins.`,
    args: { invoiceId: t.arg.id({ required: true, description: whichInvoice }) },
    resolve: async (_root, { invoiceId }, { services, principal }) => ({
      invoice: await chargeInvoice(services, principal, String(invoiceId)),
    }),
  }),
  voidPaymentInvoice: t.field({
    type: InvoiceResult,
    description: 'Has an open invoice made void: it is owed no more when Stripe says so. Only for admins.',
    args: { invoiceId: t.arg.id({ required: true, description: whichInvoice }) },
    resolve: async (_root, { invoiceId }, { services, principal }) => ({
      invoice: await voidInvoice(services, principal, String(invoiceId)),
    }),
  }),
  approvePaymentInvoice: t.field({
    type: InvoiceResult,
    description: 'Says yes to an invoice that waits. Only for admins, and never for whoever asked for it.',
    args: {
      invoiceId: t.arg.id({ required: true, description: whichInvoice }),
      note: t.arg.string({ description: note }),
    },
    resolve: async (_root, { invoiceId, note: said }, { services, principal }) => ({
      invoice: await decideInvoice(services, principal, {
        ...{ invoiceId: String(invoiceId), isYes: true, note: said },
      }),
    }),
  }),
  rejectPaymentInvoice: t.field({
    type: InvoiceResult,
    description: 'Says no to an invoice that waits. Only for admins.',
    args: {
      invoiceId: t.arg.id({ required: true, description: whichInvoice }),
      note: t.arg.string({ description: note }),
    },
    resolve: async (_root, { invoiceId, note: said }, { services, principal }) => ({
      invoice: await decideInvoice(services, principal, {
        ...{ invoiceId: String(invoiceId), isYes: false, note: said },
      }),
    }),
  }),
}));

builder.mutationFields((t) => ({
  createPaymentRefund: t.field({
    type: RefundResult,
    description:
      'Has money of a paid invoice go back; where it is above `PAYMENTS_APPROVAL_ABOVE`, when a second admin has said yes. Only for admins.',
    args: { input: t.arg({ type: NewRefund, required: true, description: 'The refund.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      refund: await createRefund(services, principal, { ...input, invoiceId: String(input.invoiceId) }),
    }),
  }),
  approvePaymentRefund: t.field({
    type: RefundResult,
    description: 'Says yes to a refund that waits. Only for admins, and never for whoever asked for it.',
    args: {
      refundId: t.arg.id({ required: true, description: whichRefund }),
      note: t.arg.string({ description: note }),
    },
    resolve: async (_root, { refundId, note: said }, { services, principal }) => ({
      refund: await decideRefund(services, principal, {
        refundId: String(refundId),
        isYes: true,
        note: said,
      }),
    }),
  }),
  rejectPaymentRefund: t.field({
    type: RefundResult,
    description: 'Says no to a refund that waits. Only for admins.',
    args: {
      refundId: t.arg.id({ required: true, description: whichRefund }),
      note: t.arg.string({ description: note }),
    },
    resolve: async (_root, { refundId, note: said }, { services, principal }) => ({
      refund: await decideRefund(services, principal, {
        refundId: String(refundId),
        isYes: false,
        note: said,
      }),
    }),
  }),
}));
