import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import {
  type AcceptedName,
  FIELDS,
  isHash,
  LINE_FIELDS,
  MAX_CHARACTERS,
  SAME_FIELDS,
  TURN_LINE,
} from './shape.ts';
import type { InteractionRow } from './tables.ts';
import type { Turn } from './turn.ts';

/** The id and sequence of a row that the database has not numbered yet. */
export const UNNUMBERED = 0;

/** What only the database gives a row, and what happens to it afterwards. */
const UNTOUCHED = {
  id: UNNUMBERED,
  sequence: UNNUMBERED,
  chainHash: Buffer.alloc(0),
  completionHash: null,
  rating: null,
  ratingComment: null,
  vectorState: 'PENDING',
  vectorLeaseToken: null,
  vectorLeaseUntil: null,
  vectorAttempts: 0,
  vectorModel: null,
  vectorError: null,
  vectorUpdatedAt: null,
  learningState: 'PENDING',
  learningLeaseToken: null,
  learningLeaseUntil: null,
  archivedAt: null,
  restoredAt: null,
} as const satisfies Partial<InteractionRow>;

/** A turn as its row will be, but for what only the database gives: id, sequence and chain. */
export function rowOf(turn: Turn): InteractionRow {
  const timestamp = new Date(turn.timestamp);
  return {
    ...UNTOUCHED,
    ...sameOf(turn),
    tenantId: turn.tenantId,
    userId: turn.userId,
    processingTime: turn.processingTimeMs / 1000,
    timestamp,
    payloadHash: Buffer.from(turn.payloadHash, 'hex'),
    characterId: turn.characterIds[0] ?? null,
    characterIds: turn.characterIds.slice(0, MAX_CHARACTERS),
    createdAt: timestamp,
    learningSince: timestamp,
  };
}

function sameOf(turn: Turn) {
  const same: Record<string, unknown> = {};
  for (const { name, blank = null } of SAME_FIELDS) same[name] = turn[name] ?? blank;
  return same as Pick<InteractionRow, Exclude<AcceptedName, 'timestamp' | 'payloadHash'>>;
}

/** The stored fields of a row by their columns, as a JSON recordset takes them. */
export function recordOf(row: InteractionRow): Record<string, unknown> {
  const record: Record<string, unknown> = { tenant_id: row.tenantId, user_id: row.userId };
  for (const { name, column } of FIELDS) {
    const value = row[name];
    // Text, because JSON is written slower with objects that say themselves how.
    if (value instanceof Date) record[column] = value.toISOString();
    else record[column] = Buffer.isBuffer(value) ? asBytes(value.toString('hex')) : value;
  }
  return record;
}

/** A turn in an export. */
export const TurnLine = z.object({ kind: z.literal('turn'), ...TURN_LINE });
export type TurnLine = z.output<typeof TurnLine>;

/**
 * The line of an export: everything that is kept of a turn, but for what a server makes again (its vector, its place in
 * the index).
 *
 * @param named what the characters of the row are called: the first one, and all
 */
export function lineOf(
  row: InteractionRow,
  named: { readonly character: string | null; readonly characters: readonly string[] | null },
): string {
  const line: Record<string, unknown> = { kind: 'turn' };
  const several = named.characters && named.characters.length > 1 ? named.characters : null;
  const byName: Readonly<Record<string, unknown>> = { characterId: named.character, characterIds: several };
  for (const { name, lineName, absent } of LINE_FIELDS) {
    const value = name in byName ? byName[name] : row[name];
    if (absent && absent !== 'in entries' && value === null) continue;
    line[lineName] = Buffer.isBuffer(value) ? value.toString('hex') : value;
  }
  return JSON.stringify(line);
}

/** The fields of a line by their columns; characters by their names, under `character` and `characters`. */
export function recordOfLine(owner: Owner, line: TurnLine): Record<string, unknown> {
  const said: Readonly<Record<string, unknown>> = line;
  const record: Record<string, unknown> = { tenant_id: owner.tenantId, user_id: owner.userId };
  for (const { name, column, lineName } of FIELDS) {
    const value = said[lineName] ?? null;
    const key = name === lineName ? column : lineName;
    record[key] = isHash(name) && typeof value === 'string' ? asBytes(value) : value;
  }
  return record;
}

function asBytes(hexadecimal: string): string {
  return `\\x${hexadecimal}`;
}
