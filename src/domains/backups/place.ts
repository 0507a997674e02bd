import type { Readable } from 'node:stream';

/** Where backups are kept: files by name, each of which is there whole or not at all. */
export interface BackupPlace {
  /** For people. */
  readonly name: string;
  /**
   * Keeps what the stream gives under a name, when all of it is safe; else there is nothing.
   *
   * @throws BackupPlaceUnusable, the stream's error, or the reason of the signal
   */
  put(name: string, content: Readable, signal?: AbortSignal): Promise<void>;
  /** @throws BackupPlaceUnusable; null: there is none of this name */
  read(name: string): Promise<Readable | null>;
  /** Names and sizes of all that is whole. @throws BackupPlaceUnusable */
  list(): Promise<readonly PlacedFile[]>;
  /** Nothing happens where there is none. @throws BackupPlaceUnusable */
  remove(name: string): Promise<void>;
  /** Removes what was left of writes that were cut off at least an hour ago. @throws BackupPlaceUnusable */
  tidy(): Promise<void>;
}

export interface PlacedFile {
  readonly name: string;
  readonly bytes: number;
}
