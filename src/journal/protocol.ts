/** What the journal keeps: opaque to it but for its stream, within which order matters. */
export interface JournalEntry {
  readonly kind: string;
  /** Entries of one stream are applied in the order of their acceptance; an empty stream has no order. */
  readonly stream: string;
  /** JSON. */
  readonly body: string;
}

/** An entry as it lies in the file. */
export interface StoredEntry extends JournalEntry {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly acceptedAt: number;
}

/** What was found when the file was opened. */
export interface Recovered {
  readonly entries: readonly StoredEntry[];
  /** Counters that survive restarts. */
  readonly counters: Readonly<Record<string, number>>;
  /** For the operator: what was damaged and where it was put. */
  readonly damage: readonly string[];
  readonly size: number;
}

export interface JournalWrite {
  readonly op: 'write';
  readonly id: number;
  readonly add: readonly JournalEntry[];
  /** Entries whose work is done, by seq. */
  readonly remove: readonly number[];
  /** Entries that can never be applied: kept apart, for good, with the reason. */
  readonly bury: readonly { seq: number; reason: string }[];
  readonly count: Readonly<Record<string, number>>;
}

/** Removes buried entries in which an object has all of these fields, and rewrites the file without removed bytes. */
export interface JournalPurge {
  readonly op: 'purge';
  readonly id: number;
  readonly fields: Readonly<Record<string, string>>;
}

export type JournalRequest = JournalWrite | JournalPurge | { readonly op: 'close'; readonly id: number };

/** Why a commit failed. FULL: no space, nothing was written. BROKEN: the file can no longer be trusted. */
export interface JournalFailureInfo {
  readonly reason: 'FULL' | 'BROKEN';
  readonly message: string;
}

export type JournalReply =
  | { readonly opened: Recovered }
  | { readonly openFailed: { message: string; busy: boolean } }
  | { readonly id: number; readonly seqs: readonly number[]; readonly size: number }
  | { readonly id: number; readonly failure: JournalFailureInfo; readonly size: number }
  /** The file is as it was, and goes on. */
  | { readonly id: number; readonly purgeFailed: string };
