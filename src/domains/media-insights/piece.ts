import type { FileStat } from '../../media/facts.ts';
import { isAsKnown } from './content.ts';
import type { MediaFileRow } from './tables.ts';
import type { Outcome } from './tally.ts';
import type { Found } from './walk.ts';

/** A regular file, and what is known of it. */
export interface Piece extends Found {
  readonly stat: FileStat;
  readonly known: MediaFileRow | null;
  /** Nobody has a file of this size: its content is new. */
  readonly isNewSize: boolean;
  /** It is as it was, and something else lies beside it. */
  readonly isOtherBeside: boolean;
}

/** Attempts at a file whose reader died or took too long; then it is left until it, or the reader, is another one. */
const MAX_FAILURES = 3;

/** Whether nothing is to be done for a file: it is as it was, and what it is, is known, or was tried often enough. */
export function isSettled(file: MediaFileRow, stat: FileStat): boolean {
  if (!isAsKnown(file, stat)) return false;
  if (file.state === 'UNREADABLE') return file.failures >= MAX_FAILURES;
  return file.state !== 'VANISHED';
}

/** A file that was not read: what is known of its content stays. */
export function unread({ path, folderDevice, stat, known }: Piece) {
  return {
    ...{ path, folderDevice, stat, fileHash: known?.fileHash ?? null },
    ...{ state: 'UNREADABLE' as const, seenAs: null, sidecar: known?.sidecar ?? null },
  };
}

/** What a file counts as that needs no reading. @param isOwn an earlier attempt at the same task has seen it: it counts as what it was then */
export function outcomeOf(file: MediaFileRow, isOwn: boolean): Outcome {
  if (file.state === 'BROKEN') return 'broken';
  if (file.state === 'UNREADABLE') return file.failures > 0 ? 'failed' : 'unreadable';
  if (file.state === 'IGNORED') return `ignored: ${file.problem ?? 'unknown content'}`;
  return (isOwn && file.seenAs) || 'unchanged';
}
