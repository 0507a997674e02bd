import * as input from '../../ground/input.ts';

/** Characters. */
export const MAX_NAME = 200;
export const MAX_EMAIL = 254;
export const MAX_CLIENT = 100;
export const MAX_TENANT = 100;
export const MAX_DESCRIPTION = 500;
export const MAX_NOTE = 2_000;
/** Lines of one invoice. */
export const MAX_ITEMS = 100;
/** Days within which an invoice that is sent is to be paid. */
export const MAX_DAYS_UNTIL_DUE = 365;
/** Refunds of one invoice. */
export const MAX_REFUNDS = 100;
/** Times that an invoice is charged, once after the other was declined. */
export const MAX_CHARGES = 20;

const visible = (maximum: number) =>
  input.text(maximum).refine((text) => text.trim() !== '', { error: 'must not be only white space' });

export const name = visible(MAX_NAME);
export const email = input
  .text(MAX_EMAIL)
  .refine((text) => /^[^\s@]+@[^\s@]+$/.test(text), { error: 'must be an address of mail' });
export const clientId = input.text(MAX_CLIENT);
export const description = visible(MAX_DESCRIPTION);
export const note = input.text(MAX_NOTE, 0);
export const id = input.text(100);
