import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Names a data directory among all others: by a number that lies in it and by the place of that file on its disk, so that
 * a copy of the directory has another name. On one directory there is one server at a time (the journal's lock), so what
 * an earlier one of that name holds is nobody's.
 *
 * @returns 12 hexadecimal digits
 */
export function nameOfDirectory(directory: string): string {
  const path = join(directory, 'worker');
  if (!existsSync(path)) writeFileSync(path, randomBytes(16).toString('hex'), { mode: 0o600 });
  const { dev, ino } = statSync(path, { bigint: true });
  const given = `${readFileSync(path, 'utf8')} ${dev} ${ino}`;
  return createHash('sha256').update(given).digest('hex').slice(0, 12);
}
