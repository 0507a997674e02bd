import { flushCompileCache } from 'node:module';
import { worker } from 'workerpool';
import type { Answer, ChildMethods, ChildSettings } from './child-messages.ts';
import type { ReadOptions } from './facts.ts';
import { asJpeg } from './pictures.ts';
import { identifyFile, readFile } from './reading.ts';

// The program of a reading process: it does what it is told, one file at a time, and knows nothing of the server.

let settings: ChildSettings | null = null;

const methods = {
  start(given: ChildSettings): number {
    settings = given;
    // It is killed at its end, when others write it.
    flushCompileCache();
    return process.pid;
  },
  identify: async (path: Uint8Array, roots: readonly string[]) =>
    answer(await identifyFile(bytes(path), roots)),
  read: async (path: Uint8Array, options: ReadOptions) => {
    if (!settings) throw new Error('it was not started');
    return answer(await readFile(bytes(path), options, settings));
  },
  jpeg: async (path: string, side: number) => answer(await asJpeg(path, side)),
  /** Never answers: by it one sees that the process ended. */
  wait: () => new Promise<never>(() => undefined),
} satisfies ChildMethods;

worker(methods);

function answer<T>(value: T): Answer<T> {
  return { value, residentBytes: process.memoryUsage.rss() };
}

function bytes(path: Uint8Array): Buffer {
  return Buffer.from(path.buffer, path.byteOffset, path.byteLength);
}
