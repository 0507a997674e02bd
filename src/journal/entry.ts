import { createHash } from 'node:crypto';
import type { StoredEntry } from './protocol.ts';

/** An entry as it stands in the file. */
export interface EntryRow extends StoredEntry {
  readonly checksum: string;
  readonly accepted_at: number;
}

/** What shows that an entry is as it was written. */
export function checksum(kind: string, stream: string, body: string): string {
  return createHash('sha256').update(`${kind}\n${stream}\n${body}`).digest('base64');
}

export function isIntact({ kind, stream, body, checksum: sum }: EntryRow): boolean {
  return typeof body === 'string' && sum === checksum(kind, stream, body);
}

/** An entry that can't be applied, by the ids of turns that can still be read in it. */
export function namedLoss({ seq, body }: { seq: number; body: string }): string {
  const ids = [...new Set(Array.from(String(body).matchAll(TURN_ID), ([, id]) => id))];
  return `entry ${seq} of the journal is damaged${ids.length > 0 ? ` (turn ${ids.join(', ')})` : ''}`;
}

const TURN_ID = /"turnId":"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"/g;
