import { numberCursor } from '../../graphql/connections.ts';
import * as input from '../../ground/input.ts';
import * as limits from './limits.ts';

export const IN_MINOR = 'in the smallest unit of the currency (cents; yen themselves)';
export const STRIPE_ID = 'Its id at Stripe; null: it is not there yet.';

/** A list by the numbers of its rows. */
export const byNumber = <T extends { readonly id: number }>() => numberCursor<T>(({ id }) => id);

/** @throws InvalidInput if the text can be no id, so that no statement is run for it */
export const idOf = (value: string | number, field: string) =>
  input.parseInput(limits.id, String(value), field);
