import { z } from 'zod';
import { tokensIn } from '../domains/query/context.ts';
import { InvalidInput } from '../errors.ts';
import { isInRange } from '../ground/instants.ts';

/** What a column of type integer holds. */
const LARGEST_INTEGER = 2_147_483_647;
const rowId = z.int().min(0).max(LARGEST_INTEGER);
const instant = z.int().transform((milliseconds, context) => {
  const at = new Date(milliseconds);
  if (isInRange(at)) return at;
  context.addIssue({ code: 'custom', message: 'no instant' });
  return z.NEVER;
});

/** A place in a list, as a cursor holds it. */
export const positions = {
  number: rowId,
  offset: z.int().min(1).max(100),
  time: z.tuple([instant, rowId]).transform(([at, id]) => ({ at, id })),
  /** Behind the rest, the order of a turn that waits for the database. */
  turn: z
    .union([z.tuple([instant, rowId]), z.tuple([instant, rowId, z.int().min(0), z.int().min(0)])])
    .transform(([at, id, entry, index]) => ({
      ...{ at, id, waits: entry === undefined ? null : ([entry, index ?? 0] as const) },
    })),
  taken: z.tuple([instant.nullable(), rowId]).transform(([at, id]) => ({ at, id })),
  name: z
    .tuple([
      z
        .string()
        .max(1_000)
        .refine((name) => !name.includes('\0')),
      rowId,
    ])
    .transform(([name, id]) => ({ name, id })),
};

/** @param list names the list, so that no other one takes the cursor */
export function cursorOf(list: string, position: unknown): string {
  return Buffer.from(JSON.stringify([list, position])).toString('base64url');
}

/** @returns null for the first page @throws InvalidInput */
export function positionOf<S extends z.ZodType>(
  list: string,
  form: S,
  cursor: string | undefined,
): z.output<S> | null {
  if (cursor === undefined) return null;
  const parsed = z.tuple([z.literal(list), form]).safeParse(readJson(cursor));
  if (parsed.success) return parsed.data[1] as z.output<S>;
  throw new InvalidInput('cursor', 'is not a cursor of this list; use nextCursor of its page before');
}

function readJson(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown;
  } catch {
    return null;
  }
}

/** What of some entries an answer has room for. */
export interface Fitted<T> {
  readonly shown: readonly T[];
  /** Whether some are left out. */
  readonly isCut: boolean;
}

/**
 * As many entries as a budget of tokens holds, in their order. The first is always among them, shortened if need be.
 *
 * @param shorten makes an entry as short as it is told to, in tokens
 */
export function fitted<T>(
  entries: readonly T[],
  maxTokens: number,
  shorten: (entry: T, tokens: number) => T,
): Fitted<T> {
  const shown: T[] = [];
  let left = maxTokens;
  for (const entry of entries) {
    const cost = tokensIn(JSON.stringify(entry));
    if (cost <= left) {
      shown.push(entry);
      left -= cost;
      continue;
    }
    if (shown.length === 0) shown.push(shorten(entry, maxTokens));
    break;
  }
  return { shown, isCut: shown.length < entries.length };
}

/** The beginning of a text that takes at most so many tokens, about. */
export function beginningOf(text: string, tokens: number): string {
  const whole = tokensIn(text);
  if (whole <= tokens) return text;
  const characters = Math.max(0, Math.floor((text.length * tokens) / whole));
  return `${text
    .slice(0, characters)
    .toWellFormed()
    .replace(/\ufffd$/, '')}…`;
}
