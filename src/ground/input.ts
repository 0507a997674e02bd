import { z } from 'zod';
import { InvalidInput } from '../errors.ts';
import { isInRange, readInstant } from './instants.ts';

/** Bytes of one JSON value (metadata, context), as UTF-8. */
export const MAX_JSON_BYTES = 65_536;
export const MAX_JSON_DEPTH = 32;
/** Characters of what a user says in one turn. */
export const MAX_QUERY_LENGTH = 32_000;
/** Characters of an answer. */
export const MAX_RESPONSE_LENGTH = 200_000;

/**
 * Checks an input against its schema before anything is done with it.
 *
 * @param prefix put before the field's path in the message
 * @throws InvalidInput for the first problem, naming field and limit
 */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown, prefix = ''): z.output<S> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = [prefix, ...(issue?.path ?? [])].filter((part) => part !== '').join('.');
  throw new InvalidInput(path || 'input', issue?.message ?? 'is not valid');
}

/**
 * Text that PostgreSQL can store and give back byte by byte.
 *
 * @param maximum,minimum in Unicode code points, as the database counts
 */
export function text(maximum: number, minimum = 1) {
  return z.string({ error: 'must be text' }).superRefine((value, context) => {
    const problem = textProblem(value, minimum, maximum);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  });
}

/** A JSON object that `jsonb` can store. */
export const jsonObject = z
  // Not a record: that would leave out the key __proto__.
  .custom<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    { error: 'must be a JSON object' },
  )
  .superRefine((value, context) => {
    const problem = jsonProblem(value);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  });

/** A list of JSON values that `jsonb` can store. */
export const jsonValueList = z
  .array(z.unknown(), { error: 'must be a list' })
  .superRefine((value, context) => {
    const problem = jsonProblem(value);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  });

/** An instant from year 1 to 9999. */
export const instant = z
  .date({ error: 'must be a date and time' })
  .refine(isInRange, { error: 'must be between the years 1 and 9999' });

/** An instant that is written as text. */
export const writtenInstant = z.string({ error: 'must be text' }).transform((value, context) => {
  const { instant: read, problem } = readInstant(value);
  if (read) return read;
  context.addIssue({ code: 'custom', message: problem });
  return z.NEVER;
});

export const userId = text(100);
export const conversationId = text(100);
export const MAX_TITLE_LENGTH = 200;
export const conversationTitle = text(MAX_TITLE_LENGTH).refine((title) => title.trim() !== '', {
  error: 'must not be only white space',
});
export const idempotencyKey = z
  .string()
  .regex(/^[\x20-\x7e]{1,255}$/, { error: 'must be 1 to 255 printable ASCII characters' });

/** Number of Unicode code points. */
export function codePoints(value: string): number {
  let count = 0;
  for (const _ of value) count++;
  return count;
}

function textProblem(value: string, minimum: number, maximum: number): string | null {
  const unstorable = unstorableProblem(value);
  if (unstorable) return unstorable;
  const length = value.length > maximum || value.length < minimum * 2 ? codePoints(value) : value.length;
  if (length >= minimum && length <= maximum) return null;
  return minimum > 0
    ? `must have ${minimum} to ${maximum} characters, has ${length}`
    : `must have at most ${maximum} characters, has ${length}`;
}

function unstorableProblem(value: string): string | null {
  if (value.includes('\u0000')) return 'must not contain the NUL character (U+0000)';
  if (!value.isWellFormed()) return 'must not contain lone surrogates (broken UTF-16)';
  return null;
}

function jsonProblem(root: unknown): string | null {
  const stack: { value: unknown; depth: number }[] = [{ value: root, depth: 1 }];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { value, depth } = next;
    if (depth > MAX_JSON_DEPTH) return `must be nested at most ${MAX_JSON_DEPTH} levels deep`;
    if (typeof value === 'string') {
      const problem = unstorableProblem(value);
      if (problem) return problem;
    } else if (typeof value === 'number' && !Number.isFinite(value)) {
      return 'must not contain NaN or infinite numbers';
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        const problem = unstorableProblem(key);
        if (problem) return problem;
        stack.push({ value: item, depth: depth + 1 });
      }
    }
  }
  const bytes = Buffer.byteLength(JSON.stringify(root));
  return bytes > MAX_JSON_BYTES ? `must have at most ${MAX_JSON_BYTES} bytes as JSON, has ${bytes}` : null;
}
