import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { placeOfUrl } from './addresses.ts';
import type { KnownDatabase } from './identity.ts';

interface Mark extends KnownDatabase {
  readonly address: string;
}

/**
 * The database at these URLs, if a server on this data directory has used it; null otherwise. A server that knows
 * its database may start without it, and an operator's first start with a wrong URL may not.
 *
 * @param path of the mark
 */
export function knownDatabase(path: string, urls: readonly string[]): KnownDatabase | null {
  try {
    const mark = JSON.parse(readFileSync(path, 'utf8')) as Partial<Mark>;
    const { address, id, place = null, timeline } = mark;
    if (address !== addressOf(urls) || typeof id !== 'string') return null;
    return { id, place, ...(typeof timeline === 'number' && { timeline }) };
  } catch {
    // None, or none that can be read: then this is a first start.
    return null;
  }
}

/** Remembers that the database at these URLs was used. */
export function rememberDatabase(
  path: string,
  urls: readonly string[],
  { id, place, timeline }: KnownDatabase,
): void {
  const known = knownDatabase(path, urls);
  if (known?.id === id && known.place === place && known.timeline === timeline) return;
  const mark: Mark = { address: addressOf(urls), id, place, ...(timeline !== undefined && { timeline }) };
  writeFileSync(`${path}.new`, JSON.stringify(mark), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Where it is, without who asks: users and passwords change. In whatever order: one is as good as another. */
function addressOf(urls: readonly string[]): string {
  const places = urls.map((url) => `${placeOfUrl(url)}${new URL(url).pathname}`);
  return places.sort().join(',');
}
