import { availableParallelism, freemem } from 'node:os';
import type { Logger } from '../log.ts';
import type { ChildMethods } from './child-messages.ts';
import type { Identified, MediaReader, Reading } from './facts.ts';
import { Lane } from './lane.ts';

export interface MediaReaderOptions {
  /** Files at once; null: as many as cores and free memory allow. */
  readonly concurrency: number | null;
  readonly fileTimeoutMs: number;
  /** Pictures that say they have more are not decoded. */
  readonly maxPixels: number;
  /** Paths of the programs; null: looked for in the usual folders. */
  readonly ffprobe: string | null;
  readonly ffmpeg: string | null;
  readonly log: Pick<Logger, 'debug'>;
}

/** What one process may come to, with a large picture. */
const BYTES_PER_PROCESS = 400 * 2 ** 20;
/** Within the time for a file, a program that is called for it must have ended. */
const PROGRAM_SHARE = 0.4;

/**
 * Reads media files in processes of their own, one file at a time in each. A file that takes too long ends its
 * process, one that kills its process costs itself only, and processes are replaced before they grow large.
 */
export function openMediaReader(options: MediaReaderOptions): MediaReader {
  const concurrency = options.concurrency ?? defaultConcurrency();
  const { maxPixels, ffprobe, ffmpeg, fileTimeoutMs, log } = options;
  const settings = {
    maxPixels,
    ffprobe,
    ffmpeg,
    programTimeoutMs: Math.max(500, Math.floor(fileTimeoutMs * PROGRAM_SHARE)),
  };
  const lanes = Array.from(
    { length: concurrency },
    () =>
      new Lane(settings, (text) => log.debug({ text }, 'a process that reads media files wrote something')),
  );
  const turns = new Turns(lanes);

  async function call<T>(method: keyof ChildMethods, params: unknown[], signal: AbortSignal): Promise<T> {
    return turns.use(signal, async (lane) => {
      try {
        return await lane.run<T>(method, params, signal, fileTimeoutMs);
      } catch (error) {
        signal.throwIfAborted();
        throw error;
      }
    });
  }

  return {
    concurrency,
    identify: (path, { roots }, signal) =>
      call<Identified>('identify', [path, roots], signal).catch((error) => failed(error, signal)),
    read: (path, { roots, thumbnails }, signal) =>
      call<Reading>('read', [path, { roots, thumbnails }], signal).catch((error) => failed(error, signal)),
    jpeg: async (path, side, signal) => Buffer.from(await call<Uint8Array>('jpeg', [path, side], signal)),
    rest: () => turns.rest(),
    close: () => turns.close(),
  };
}

function defaultConcurrency(): number {
  const byMemory = Math.floor(freemem() / BYTES_PER_PROCESS);
  return Math.max(1, Math.min(availableParallelism() - 1, byMemory));
}

function failed(error: unknown, signal: AbortSignal): Extract<Reading, { outcome: 'failed' }> {
  signal.throwIfAborted();
  return { outcome: 'failed', problem: error instanceof Error ? error.message : String(error) };
}

/** Who waits for a process gets one in the order in which they came. */
class Turns {
  readonly #all: readonly Lane[];
  readonly #free: Lane[];
  readonly #waiting: ((lane: Lane | null) => void)[] = [];
  #isResting = false;
  #isClosed = false;

  constructor(lanes: readonly Lane[]) {
    this.#all = lanes;
    this.#free = [...lanes];
  }

  async use<T>(signal: AbortSignal, task: (lane: Lane) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.#isClosed) throw new Error('the reader of media files is closed');
    this.#isResting = false;
    const lane = this.#free.pop() ?? (await this.#wait(signal));
    try {
      return await task(lane);
    } finally {
      const next = this.#waiting.shift();
      if (!next && this.#isResting) await lane.end();
      if (next) next(lane);
      else this.#free.push(lane);
    }
  }

  /** Ends processes that do nothing now, and the others after their file. */
  async rest(): Promise<void> {
    this.#isResting = true;
    await Promise.all(this.#free.map((lane) => lane.end()));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const refuse of this.#waiting.splice(0)) refuse(null);
    await Promise.all(this.#all.map((lane) => lane.end()));
  }

  #wait(signal: AbortSignal): Promise<Lane> {
    return new Promise((resolve, reject) => {
      const give = (lane: Lane | null) => {
        signal.removeEventListener('abort', stop);
        if (lane) resolve(lane);
        else reject(new Error('the reader of media files is closed'));
      };
      const stop = () => {
        this.#waiting.splice(this.#waiting.indexOf(give), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', stop, { once: true });
      this.#waiting.push(give);
    });
  }
}
