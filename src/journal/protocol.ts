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

/** An entry that was set apart, because it can never be applied. */
export interface DeadEntry extends StoredEntry {
  /** Why it could not be applied, the last time. */
  readonly reason: string;
  /** Its bytes are not those that were written: nobody knows what it said. */
  readonly isDamaged: boolean;
  /** When it was set apart (milliseconds since 1970). As `acceptedAt` it stands for entries of a version that did not keep that. */
  readonly buriedAt: number;
  /** When somebody looked at it and gave it up; null: nobody has. */
  readonly discardedAt: number | null;
}

/** What was found when the file was opened. */
export interface Recovered {
  readonly entries: readonly StoredEntry[];
  /** Counters that survive restarts. */
  readonly counters: Readonly<Record<string, number>>;
  /** For the operator: what was damaged and where it was put. */
  readonly damage: readonly string[];
  readonly size: number;
  /** Dead entries that nobody has discarded. */
  readonly setApart: number;
}

export interface JournalWrite {
  readonly op: 'write';
  readonly id: number;
  readonly add: readonly JournalEntry[];
  /** Entries whose work is done, by seq. */
  readonly remove: readonly number[];
  /** Entries that can never be applied: kept apart, with the reason. */
  readonly bury: readonly { seq: number; reason: string }[];
  /** Dead entries that wait again. */
  readonly revive: readonly number[];
  /** Dead entries that somebody gave up. */
  readonly discard: readonly number[];
  /** Dead entries that go. */
  readonly forget: readonly number[];
  readonly count: Readonly<Record<string, number>>;
}

/** Removes buried entries in which an object has all of these fields, and rewrites the file without removed bytes. */
export interface JournalPurge {
  readonly op: 'purge';
  readonly id: number;
  readonly fields: Readonly<Record<string, string>>;
}

/** Asks for entries behind a seq: those that wait, or dead ones. */
export interface JournalLook {
  readonly op: 'waiting' | 'dead';
  readonly id: number;
  readonly after: number;
  readonly limit: number;
}

/** Deletes dead entries that were discarded before an instant (milliseconds since 1970), or counts them. */
export interface JournalPrune {
  readonly op: 'prune';
  readonly id: number;
  readonly before: number;
  readonly limit: number;
  readonly dryRun: boolean;
}

export type JournalRequest =
  | JournalWrite
  | JournalPurge
  | JournalLook
  | JournalPrune
  | { readonly op: 'close'; readonly id: number };

/** Why a commit failed. FULL: no space, nothing was written. BROKEN: the file can no longer be trusted. */
export interface JournalFailureInfo {
  readonly reason: 'FULL' | 'BROKEN';
  readonly message: string;
}

export type JournalReply =
  | { readonly opened: Recovered }
  | { readonly openFailed: { message: string; busy: boolean } }
  /** `setApart`: dead entries that nobody has discarded; absent: as many as before. */
  | {
      readonly id: number;
      readonly seqs: readonly number[];
      readonly size: number;
      readonly setApart?: number;
    }
  | { readonly id: number; readonly found: readonly (StoredEntry | DeadEntry)[] }
  | { readonly id: number; readonly failure: JournalFailureInfo; readonly size: number }
  /** The file is as it was, and goes on. */
  | { readonly id: number; readonly undone: string };
