import { z } from 'zod';
import { minorUnits, THOUSANDTHS } from './minor-units.ts';

/** Written with hundredths, of which only whole units can be paid. */
const WHOLE_ONLY = new Set('ISK UGX'.split(' '));
const KNOWN = new Set(Intl.supportedValuesOf('currency'));

/** The greatest amount that is stored, in the smallest unit. */
export const MAX_MINOR = 2_147_483_647;

/** ISO 4217, in capital letters. */
export const currency = z.string({ error: 'must be text' }).refine((code) => KNOWN.has(code), {
  error: 'must be the three capital letters of a currency, such as EUR',
});

/** An amount in the smallest unit of its currency. */
export const amount = z
  .int({ error: `must be a whole number from 1 to ${MAX_MINOR}, in the smallest unit of the currency` })
  .min(1, { error: 'must be at least 1, in the smallest unit of the currency' })
  .max(MAX_MINOR, { error: `must be at most ${MAX_MINOR}` });

/** So many whole units in the smallest one. */
export function inMinor(whole: number, code: string): number {
  return Math.min(whole * minorUnits(code), MAX_MINOR);
}

/** What no amount of this currency can be; null: it can. */
export function amountProblem(minor: number, code: string): string | null {
  if (THOUSANDTHS.has(code) && minor % 10 !== 0) return `must be a multiple of 10 in ${code}`;
  if (WHOLE_ONLY.has(code) && minor % 100 !== 0) return `must be a multiple of 100 in ${code}`;
  return null;
}
