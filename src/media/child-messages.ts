import type { ReadOptions } from './facts.ts';

/** What a reading process is told when it starts. */
export interface ChildSettings {
  readonly maxPixels: number;
  /** Paths of the programs; null: looked for. */
  readonly ffprobe: string | null;
  readonly ffmpeg: string | null;
  /** For one program, shorter than the time for a file. */
  readonly programTimeoutMs: number;
}

/** What it gives back, with its size. */
export interface Answer<T> {
  readonly value: T;
  /** Bytes that the process holds in memory. */
  readonly residentBytes: number;
}

/** What it does. Paths are bytes: names need not be UTF-8. */
export interface ChildMethods {
  start(settings: ChildSettings): number;
  identify(path: Buffer, roots: readonly string[]): unknown;
  read(path: Buffer, options: ReadOptions): unknown;
  jpeg(path: string, side: number): unknown;
  wait(): unknown;
}
