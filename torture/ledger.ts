import { createHash } from 'node:crypto';
import { canonicalJson } from '../src/domains/interactions/turn.ts';

/** The ways by which a turn can come in. */
export type Door = 'recordTurns' | 'processQuery' | 'rest';

/** What the server said about a turn that it acknowledged. */
export interface AckedTurn {
  readonly turnId: string;
  /** Null where the door does not tell. */
  readonly sequence: number | null;
  readonly response: string;
}

/** One turn that was sent, and what is known about it. */
export interface SentTurn {
  readonly mark: string;
  readonly key: string | null;
  /** What must be stored, by the property of the row; a property that is absent is not compared. */
  expected: Expectation;
  acked: AckedTurn | null;
}

/** Values by property; once they were checked, only their digest is kept. */
export type Expectation =
  | { readonly values: Readonly<Record<string, unknown>> }
  | { readonly properties: readonly string[]; readonly digest: string };

/** One request with all its attempts. All times are milliseconds of the harness's own clock. */
export interface Batch {
  readonly writer: number;
  readonly door: Door;
  readonly userId: string;
  readonly conversationId: string;
  readonly turns: readonly SentTurn[];
  /** When its first attempt was sent: from here on it may be stored. */
  sentAt: number;
  /** When its first acknowledgement arrived. */
  ackedAt: number | null;
  durability: string | null;
  /** How often it was sent. */
  attempts: number;
  /** What its first acknowledgement said; null before it, and where the door does not tell. */
  firstDurability: string | null;
}

/** Contents under a key that is taken. */
export interface RefusedContent {
  readonly conversationId: string;
  readonly marks: readonly string[];
  /** An attempt before the decision stayed without an answer: by that one it may be stored. */
  unsure: boolean;
}

/** All that was sent in one stretch between two checks; its conversations are its own. */
export interface Epoch {
  readonly number: number;
  /** With which the ids of its conversations begin. */
  readonly prefix: string;
  readonly batches: Batch[];
  /** Those that the server refused, and therefore must not hold. */
  readonly refused: RefusedContent[];
  /**
   * Other contents under a used key that the journal took while the database, which alone knew of the key, was away.
   * They were acknowledged, so they must be stored: once, under an id of their own.
   */
  readonly rekeyed: RefusedContent[];
}

/** Forgets the values of turns that were found well, so that a long run fits into memory. */
export function compact(epoch: Epoch): void {
  for (const { turns } of epoch.batches) {
    for (const turn of turns) {
      if (!('values' in turn.expected)) continue;
      const { values } = turn.expected;
      turn.expected = { properties: Object.keys(values), digest: digestOf(values) };
    }
  }
}

/** The first property in which a row differs from what was sent; null if it does not. */
export function differenceOf(row: Readonly<Record<string, unknown>>, expected: Expectation): string | null {
  if ('values' in expected) {
    for (const [property, value] of Object.entries(expected.values)) {
      if (canonicalJson(row[property]) !== canonicalJson(value))
        return `${property}: sent ${excerpt(value)}, stored ${excerpt(row[property])}`;
    }
    return null;
  }
  const found = Object.fromEntries(expected.properties.map((property) => [property, row[property]]));
  return digestOf(found) === expected.digest
    ? null
    : `one of ${expected.properties.join(', ')} is not as it was sent`;
}

function digestOf(values: Readonly<Record<string, unknown>>): string {
  return createHash('sha256').update(canonicalJson(values)).digest('base64');
}

function excerpt(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 200 ? `${text.slice(0, 200)}… (${text.length} characters)` : text;
}
