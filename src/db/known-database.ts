import { readFileSync, renameSync, writeFileSync } from 'node:fs';

interface Mark {
  readonly address: string;
  readonly id: string;
}

/**
 * The id of the database at this URL, if a server on this data directory has used it; null otherwise. A server that knows
 * its database may start without it, and an operator's first start with a wrong URL may not.
 *
 * @param path of the mark
 */
export function knownDatabase(path: string, url: string): string | null {
  try {
    const mark = JSON.parse(readFileSync(path, 'utf8')) as Partial<Mark>;
    return mark.address === addressOf(url) && typeof mark.id === 'string' ? mark.id : null;
  } catch {
    // None, or none that can be read: then this is a first start.
    return null;
  }
}

/** Remembers that the database at this URL was used. */
export function rememberDatabase(path: string, url: string, id: string): void {
  if (knownDatabase(path, url) === id) return;
  const mark: Mark = { address: addressOf(url), id };
  writeFileSync(`${path}.new`, JSON.stringify(mark), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Where it is, without who asks: users and passwords change. */
function addressOf(url: string): string {
  const { hostname, port, pathname, searchParams } = new URL(url);
  return `${searchParams.get('host') ?? hostname}:${searchParams.get('port') || port || 5432}${pathname}`;
}
