import { z } from 'zod';
import * as input from '../../ground/input.ts';

export const MAX_NAME = 200;
export const MAX_KEYS = 20;
export const MAX_CODES = 100;
/** Of one who may become a client. */
export const MAX_REFERRALS = 200;
/** Hundredths of a per cent that are everything. */
export const WHOLE = 10_000;

/** What the operator calls a client or a partner; the same form as in the books of payments. */
export const partyId = z.string({ error: 'must be text' }).regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/, {
  error: 'must be 1 to 100 letters, digits, or one of . _ : -, a letter or digit first',
});
export const name = input
  .text(MAX_NAME)
  .refine((text) => text.trim() !== '', { error: 'must not be only white space' });
export const email = z
  .string({ error: 'must be text' })
  .max(254, 'must have at most 254 characters')
  .regex(/^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u, { error: 'must be an e-mail address' })
  .refine((text) => text.isWellFormed(), { error: 'must not contain lone surrogates (broken UTF-16)' });
export const rate = z
  .int({ error: `must be a whole number from 0 to ${WHOLE}` })
  .min(0, `must be from 0 to ${WHOLE}`)
  .max(WHOLE, `must be from 0 to ${WHOLE}`);
/** Compared without regard to case: people type it. */
export const code = z
  .string({ error: 'must be text' })
  .regex(/^[A-Za-z0-9][A-Za-z0-9-]{2,49}$/, {
    error: 'must be 3 to 50 letters, digits or -, a letter or digit first',
  })
  .transform((text) => text.toUpperCase());
export const inFuture = input.instant.refine((at) => at > new Date(), { error: 'must lie in the future' });
