import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeBundle } from '../../bundle/bundle.ts';
import { bundlesOf, stampOf } from '../../bundle/stamp.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** What it is made of, besides the sources of the server. */
const OWN = ['task-server.ts', 'effect-jobs.ts', 'slot-jobs.ts'];

let made: Promise<string> | null = null;

/**
 * The server of `task-server.ts` as one program, as `npm start` runs the server: from the sources each start would cost the processor three
 * times as much, and tests start it a hundred times. Made once for the sources as they are.
 *
 * @returns its first file
 */
export function taskProgram(): Promise<string> {
  made ??= make();
  return made;
}

async function make(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of OWN) hash.update(readFileSync(join(import.meta.dirname, name)));
  // Its name begins as that of the server's own bundle, with which it goes.
  const target = join(bundlesOf(ROOT), `${stampOf(ROOT)}-tasks-${hash.digest('hex').slice(0, 8)}`);
  const entry = join(target, 'task-server.js');
  if (existsSync(entry)) return entry;
  const begun = `${target}-${process.pid}`;
  await mkdir(begun, { recursive: true });
  try {
    await writeBundle(ROOT, begun, [{ in: 'tests/support/task-server.ts', out: 'task-server' }]);
    await rename(begun, target).catch((error: NodeJS.ErrnoException) => {
      // Another worker made the same.
      if (!existsSync(entry)) throw error;
    });
  } finally {
    await rm(begun, { recursive: true, force: true });
  }
  return entry;
}
