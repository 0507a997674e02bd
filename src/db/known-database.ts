import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { KnownDatabase } from './identity.ts';

interface Mark extends KnownDatabase {
  readonly address: string;
}

/**
 * The database at this URL, if a server on this data directory has used it; null otherwise. A server that knows
 * its database may start without it, and an operator's first start with a wrong URL may not.
 *
 * @param path of the mark
 */
export function knownDatabase(path: string, url: string): KnownDatabase | null {
  try {
    const mark = JSON.parse(readFileSync(path, 'utf8')) as Partial<Mark>;
    const { address, id, place = null } = mark;
    return address === addressOf(url) && typeof id === 'string' ? { id, place } : null;
  } catch {
    // None, or none that can be read: then this is a first start.
    return null;
  }
}

/** Remembers that the database at this URL was used. */
export function rememberDatabase(path: string, url: string, { id, place }: KnownDatabase): void {
  const known = knownDatabase(path, url);
  if (known?.id === id && known.place === place) return;
  const mark: Mark = { address: addressOf(url), id, place };
  writeFileSync(`${path}.new`, JSON.stringify(mark), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Where it is, without who asks: users and passwords change. */
function addressOf(url: string): string {
  const { hostname, port, pathname, searchParams } = new URL(url);
  return `${searchParams.get('host') ?? hostname}:${searchParams.get('port') || port || 5432}${pathname}`;
}
