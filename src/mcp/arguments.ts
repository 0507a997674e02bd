import { z } from 'zod';
import * as input from '../ground/input.ts';

/** Arguments of tools: forms that check as the verbs do, and that JSON Schema can tell. */

/** @param maximum in Unicode code points */
export const text = (maximum: number, description: string) =>
  input.text(maximum).meta({ description, minLength: 1, maxLength: maximum });

export const instant = (description: string) =>
  input.writtenInstant.meta({
    description: `${description} ISO 8601 with time zone, such as 2026-11-20T09:30:00Z.`,
  });

export const oneOf = <const T extends readonly [string, ...string[]]>(values: T, description: string) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` }).meta({ description });

export const whole = (least: number, most: number, usual: number, description: string) => {
  const error = `must be a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error }).default(usual).meta({ description });
};

export const flag = (description: string) =>
  z.boolean({ error: 'must be true or false' }).default(false).meta({ description });

export const conversationId = text(100, 'Name of a conversation, 1 to 100 characters.');
export const idempotencyKey = input.idempotencyKey.meta({
  description:
    'Any text of 1 to 255 ASCII characters that names this; a retry with the same key stores nothing twice.',
});
export const metadata = input.jsonObject.meta({
  type: 'object',
  description: 'A JSON object of at most 64 KiB that is kept with it.',
});
export const id = (what: string) => text(100, `Id of ${what}.`);

/** Tokens that an answer may take: hosts cut, or refuse, longer ones. */
export const maxTokens = whole(
  200,
  20_000,
  4_000,
  'About how many tokens the answer may take; what does not fit is on the next page.',
);
export const cursor = text(2_000, '`nextCursor` of the page before; absent: the first page.').optional();
export const limit = (usual: number) => whole(1, 100, usual, 'Entries of a page at most.');

/** The arguments of a tool: no others are taken, so that a wrong name is told and not passed over. */
export function argumentsOf<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'invalid_type' ? 'must be a JSON object' : undefined),
  });
}
