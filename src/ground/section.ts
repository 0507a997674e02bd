import type { PoolClient } from 'pg';
import type { z } from 'zod';
import type { Owner } from '../access/principals.ts';
import { InvalidInput } from '../errors.ts';
import { parseInput } from './input.ts';

/**
 * Behind what a section goes on: behind this key, and under it behind this number. A cursor brings it, which somebody may
 * have altered: the key is any text, the number any integer from 0 on that a column holds.
 */
export interface Place {
  readonly key: string;
  readonly number: number;
}

/** A key of several texts. */
export const keyOfParts = (parts: readonly string[]): string => JSON.stringify(parts);

/** What `keyOfParts` was given; null: it is no key of so many, that a database could hold. */
export function partsOfKey(key: string, count: number): readonly string[] | null {
  try {
    const parts: unknown = JSON.parse(key);
    const isOne = Array.isArray(parts) && parts.length === count;
    return isOne && parts.every((part) => typeof part === 'string' && !part.includes('\0')) ? parts : null;
  } catch {
    return null;
  }
}

/** Before all lines of a section. */
export const START: Place = { key: '', number: 0 };

export interface ExportedLine {
  /** A JSON object, whose first field is its `kind`. */
  readonly line: string;
  /** Where its section goes on; null: it was the last line. */
  readonly after: Place | null;
}

/** Numbers of lines, by their kind. */
export type LineCounts = Readonly<Record<string, number>>;

/** Who was erased, so that no old copy brings them back. */
export interface ErasedUsers {
  /** @param named it has a key or an id by which it is known that it was erased @throws InvalidInput */
  check(owner: Owner, at: Date, field: string, named: boolean): void;
}

/**
 * A part of an export: how the rows of some tables become lines, and how rows are made of these again. A domain declares
 * its sections in its `sections.ts`; exports and restores go through the list, in its order.
 */
export interface Section<Parts> {
  /** What its lines are; no other section has any of these. Cursors name the section by the first one. */
  readonly kinds: readonly [string, ...string[]];
  /** The lines behind a place, always in the same order. @param limit how many are wanted at most */
  readonly lines: (parts: Parts, owner: Owner, after: Place, limit: number) => AsyncIterable<ExportedLine>;
  /** Begins to take lines of one request back. */
  readonly restoration: (owner: Owner, erased: ErasedUsers) => Restoration<Parts>;
}

/** Lines of one section that are taken back together. */
export interface Restoration<Parts> {
  /** Reads a line; nothing is stored yet. @param line its number, for messages @throws InvalidInput */
  take(value: unknown, line: number): void;
  /** Does what no transaction can, before it. May be done again. @throws InvalidInput */
  prepare?(parts: Parts): Promise<void>;
  /** Stores what was taken, in the transaction of `client`. @returns how many were new @throws InvalidInput, NotFound */
  store(client: PoolClient): Promise<LineCounts>;
  /** It is committed. @param stored what `store` returned */
  stored?(parts: Parts, stored: LineCounts): void | Promise<void>;
}

/** A section whose lines stand alone: each is one row of a table. */
export interface RowSection<Parts, Line> {
  readonly kind: string;
  readonly schema: z.ZodType<Line>;
  /** The field that says when it was: what was before an erasure of its user is not taken back. */
  readonly dated: DateField<Line>;
  readonly read: (
    parts: Parts,
    owner: Owner,
    after: Place,
    limit: number,
  ) => Promise<readonly ExportedLine[]>;
  /** @returns how many were new */
  readonly restore: (client: PoolClient, owner: Owner, lines: readonly Line[]) => Promise<number>;
  readonly stored?: (parts: Parts, owner: Owner, count: number) => void;
}

type DateField<Line> = { [K in keyof Line]: Line[K] extends Date ? K : never }[keyof Line] & string;

/** Rows that are read at once. */
const ROWS_AT_ONCE = 20;

/** Makes a section of rows that stand alone. Lines that say whose they are go back to that user only. */
export function sectionOfRows<Parts, Line extends object>(rows: RowSection<Parts, Line>): Section<Parts> {
  const { kind, schema, dated, read } = rows;
  return {
    kinds: [kind],
    lines: async function* (parts, owner, after, limit) {
      let place: Place | null = after;
      for (let left = limit; place !== null && left > 0; ) {
        const asked = Math.min(left, ROWS_AT_ONCE);
        const page: readonly ExportedLine[] = await read(parts, owner, place, asked);
        yield* page;
        left -= page.length;
        place = page.length < asked ? null : (page.at(-1)?.after ?? null);
      }
    },
    restoration: (owner, erased) => {
      const taken: Line[] = [];
      return {
        take: (value, number) => {
          const line = parseInput(schema, value, `lines.${number}`);
          if ('userId' in line) checkLineOwner(owner, line, number);
          erased.check(owner, line[dated] as Date, `lines.${number}.${dated}`, false);
          taken.push(line);
        },
        store: async (client) => ({
          [kind]: taken.length === 0 ? 0 : await rows.restore(client, owner, taken),
        }),
        stored: (parts, { [kind]: count = 0 }) => rows.stored?.(parts, owner, count),
      };
    },
  };
}

/** Refuses a line of another user. @throws InvalidInput */
export function checkLineOwner(
  { tenantId, userId }: Owner,
  line: { readonly tenantId?: unknown; readonly userId?: unknown },
  number: number,
): void {
  if (line.userId !== userId || line.tenantId !== tenantId)
    throw new InvalidInput(
      `lines.${number}.userId`,
      'an export goes back to the user and tenant that it came from',
    );
}
