import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeBundle } from '../bundle/bundle.ts';

/** A change to one file of the copy. */
export interface Patch {
  readonly file: string;
  readonly find: RegExp;
  /** As for `String.replace`. */
  readonly replace: string;
}

/** A patch does not fit the sources any more: the run would prove nothing. */
export class PatchError extends Error {
  override readonly name = 'PatchError';
}

const ROOT = resolve(import.meta.dirname, '..');

/**
 * Copies what the server needs to run, so that a long run is not disturbed by edits and a sabotage leaves no switch
 * in the product, and bundles it, as `npm start` does.
 *
 * @returns the file that starts it
 * @throws PatchError if a patch finds nothing to change
 */
export async function copySources(target: string, patches: readonly Patch[]): Promise<string> {
  await mkdir(target, { recursive: true });
  for (const name of ['src', 'bundle', 'drizzle', 'package.json', 'package-lock.json'])
    await cp(join(ROOT, name), join(target, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(target, 'node_modules'));
  for (const [file, source] of await patched(patches)) await writeFile(join(target, file), source);
  return makeBundle(target);
}

/** The sources that patches change, as they are then. @throws PatchError if a patch finds nothing to change */
export async function patched(patches: readonly Patch[]): Promise<ReadonlyMap<string, string>> {
  const sources = new Map<string, string>();
  for (const { file, find, replace } of patches) {
    const before = sources.get(file) ?? (await sourceOf(file));
    const after = before.replace(find, replace);
    if (after === before) throw new PatchError(`${file}: nothing matches ${find}`);
    sources.set(file, after);
  }
  return sources;
}

async function sourceOf(file: string): Promise<string> {
  return readFile(join(ROOT, file), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new PatchError(`${file}: ${error.code}`);
  });
}
