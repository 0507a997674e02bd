import { createHash } from 'node:crypto';
import type { StoredEntry } from './protocol.ts';

/** An entry as it stands in the file. */
export interface EntryRow extends StoredEntry {
  readonly checksum: string;
  readonly accepted_at: number;
}

/** Why an entry was set apart whose bytes are not those that were written. */
export const DAMAGED = 'checksum mismatch';

/** What shows that an entry is as it was written. */
export function checksum(kind: string, stream: string, body: string): string {
  return createHash('sha256').update(`${kind}\n${stream}\n${body}`).digest('base64');
}

export function isIntact({ kind, stream, body, checksum: sum }: EntryRow): boolean {
  return typeof body === 'string' && sum === checksum(kind, stream, body);
}

/** Ids of turns that can be read in the body of an entry, also in one that is damaged. */
export function turnIdsIn(body: string): string[] {
  return [...new Set(Array.from(String(body).matchAll(TURN_ID), ([, id]) => id ?? ''))];
}

/** An entry that can't be applied, by the ids of turns that can still be read in it. */
export function namedLoss({ seq, body }: { seq: number; body: string }): string {
  const ids = turnIdsIn(body);
  return `entry ${seq} of the journal is damaged${ids.length > 0 ? ` (turn ${ids.join(', ')})` : ''}`;
}

const TURN_ID = /"turnId":"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"/g;
