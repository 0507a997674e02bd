import { z } from 'zod';

/** As the older service wrote them: JSON texts that its programs read with other eyes than `JSON.parse`. */

/** A number that is always written with a decimal point: readers with types take `2` for a whole number. */
export const decimal = z.number().meta({ format: 'double' }).brand<'decimal'>();
export type Decimal = z.output<typeof decimal>;

/** An instant to the second, in UTC. */
export const second = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  .meta({ format: 'date-time', example: '2026-11-27T23:52:47Z' })
  .brand<'second'>();
export type Second = z.output<typeof second>;

/** In every Node that runs this; the types say that older ones lack it. */
const rawJson = JSON.rawJSON as (text: string) => unknown;

/** @param value a finite number */
export function decimalOf(value: number): Decimal {
  const text = String(value);
  // Tiny ones would be written without a point (1e-7).
  const written = text.includes('e') ? value.toFixed(9) : text;
  return rawJson(written.includes('.') ? written : `${written}.0`) as unknown as Decimal;
}

export function decimalOrNull(value: number | null): Decimal | null {
  return value === null ? null : decimalOf(value);
}

export function secondOf(instant: Date): Second {
  return instant.toISOString().replace(/\.\d+Z$/, 'Z') as Second;
}

export function secondOrNull(instant: Date | null): Second | null {
  return instant && secondOf(instant);
}

/** When the answer was made. */
export function now(): Second {
  return secondOf(new Date());
}

export const text = z.string({
  error: ({ input }) => (input === undefined || input === null ? 'is missing' : 'must be text'),
});
export const optionalText = z.string({ error: 'must be text' }).nullish();
export const optionalWhole = z.int({ error: 'must be a whole number' }).nullish();
export const optionalNumber = z.number({ error: 'must be a number' }).nullish();
/** An object that `jsonb` can store stands in documents as any object. */
export const anyObject = z.record(z.string(), z.unknown());

/** A whole number of an address. */
export function wholeWithin(minimum: number, maximum: number) {
  const error = `must be from ${minimum} to ${maximum}`;
  return z.coerce
    .number({ error: 'must be a number' })
    .int({ error: 'must be a whole number' })
    .min(minimum, { error })
    .max(maximum, { error });
}

/** The same of a body. */
export function exactlyWithin(minimum: number, maximum: number) {
  const error = `must be from ${minimum} to ${maximum}`;
  return z.int({ error: 'must be a whole number' }).min(minimum, { error }).max(maximum, { error });
}

/** What bodies are; whatever else is in them is ignored. */
export function body<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.object(shape, { error: 'the body must be a JSON object' });
}

const OTHER_USER = 'Another user, for those who may act for others; absent: the caller.';
export const user_id = optionalText.describe(OTHER_USER);
export const ofUser = z.object({ user_id: z.string().optional().describe(OTHER_USER) });

/** Not of the older service: only where something is missing. */
export const degraded = z
  .literal(true)
  .optional()
  .describe('A part of what is remembered could not be read in time, and may be missing here.');
