import { builder } from '../../graphql/builder.ts';
import { CollectionEnum } from './graphql.ts';
import * as limits from './limits.ts';
import { RefundReasonEnum } from './refunds-graphql.ts';
import { IN_MINOR } from './shown-graphql.ts';

export const characters = (count: number) => `${count.toLocaleString('en-US')} characters`;
const KEY =
  '1 to 255 printable ASCII characters: the same key with the same content gives what was made first.';

export const NewCustomer = builder.inputType('CreatePaymentCustomerInput', {
  description: 'Somebody who is to be billed.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: `What they are called, 1 to ${characters(limits.MAX_NAME)}.`,
    }),
    email: t.string({ description: `Where invoices are sent, at most ${characters(limits.MAX_EMAIL)}.` }),
    userId: t.string({
      description:
        'The user of this server that it is: an export has their invoices, an erasure takes the name.',
    }),
    clientId: t.string({
      description: `The client whose money it is, 1 to ${characters(limits.MAX_CLIENT)}; names nobody.`,
    }),
    idempotencyKey: t.string({ description: KEY }),
  }),
});
export const CustomerChange = builder.inputType('UpdatePaymentCustomerInput', {
  description: 'Who a customer is now; what is absent stays.',
  fields: (t) => ({
    customerId: t.id({ required: true, description: 'Which.' }),
    name: t.string({ description: `What they are called, 1 to ${characters(limits.MAX_NAME)}.` }),
    email: t.string({ description: 'Where invoices are sent; null: nowhere.' }),
  }),
});
const Item = builder.inputType('PaymentItemInput', {
  description: 'A line of an invoice.',
  fields: (t) => ({
    description: t.string({
      required: true,
      description: `What for, 1 to ${characters(limits.MAX_DESCRIPTION)}.`,
    }),
    amount: t.int({ required: true, description: `How much, at least 1, ${IN_MINOR}.` }),
  }),
});
export const NewInvoice = builder.inputType('CreatePaymentInvoiceInput', {
  description: 'Money that somebody is to be asked for.',
  fields: (t) => ({
    customerId: t.id({ required: true, description: 'Whom.' }),
    currency: t.string({ required: true, description: 'ISO 4217, in capital letters.' }),
    items: t.field({
      type: [Item],
      required: true,
      description: `What for, 1 to ${limits.MAX_ITEMS} lines.`,
    }),
    description: t.string({ description: `What stands on it, 1 to ${characters(limits.MAX_DESCRIPTION)}.` }),
    collection: t.field({ type: CollectionEnum, required: true, description: 'How it is to be paid.' }),
    daysUntilDue: t.int({
      description: `Within how many days an invoice that is sent is to be paid, 1 to ${limits.MAX_DAYS_UNTIL_DUE}; absent: 30.`,
    }),
    idempotencyKey: t.string({ description: KEY }),
  }),
});
export const NewRefund = builder.inputType('CreatePaymentRefundInput', {
  description: 'Money of a paid invoice that is to go back.',
  fields: (t) => ({
    invoiceId: t.id({ required: true, description: 'Of which invoice.' }),
    amount: t.int({
      required: true,
      description: `How much, ${IN_MINOR}; all refunds of an invoice together at most what was paid.`,
    }),
    currency: t.string({ required: true, description: 'That of the invoice.' }),
    reason: t.field({ type: RefundReasonEnum, description: 'Why.' }),
    idempotencyKey: t.string({ description: KEY }),
  }),
});
