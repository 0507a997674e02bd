import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
/** Who decides who may do what, what is done next, or what was done. */
const NEVER =
  /^src\/(access|events|journal|jobs|domains\/(backups|credentials|deliveries|flags|persistence|principals|privacy|repairs|schedules|settings|tasks|vector-index|webhooks))\//;

/** Files that mark statements as ones that may be read from a replica, and how many. */
function marked(sources: Readonly<Record<string, string>>): [path: string, count: number][] {
  return Object.entries(sources).flatMap(([path, text]) => {
    const count = text.match(/\breplicable\(/g)?.length ?? 0;
    return count > 0 && path !== 'src/db/replicable.ts' ? [[path, count] as [string, number]] : [];
  });
}
const wrong = (sources: Readonly<Record<string, string>>) =>
  marked(sources).flatMap(([path]) => (NEVER.test(path) ? [path] : []));

test('nobody is let in, and nothing is done, by what a replica says', () => {
  const paths = globSync('src/**/*.ts', { cwd: root });
  const sources = Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
  expect(marked(sources).length).toBeGreaterThan(15);
  expect(wrong(sources)).toEqual([]);
  expect(wrong({ 'src/access/keys.ts': "name: replicable('api_key')" })).toEqual(['src/access/keys.ts']);
});

test('no statement that is marked writes or locks', () => {
  const paths = globSync('src/domains/**/*.ts', { cwd: root });
  const found = paths.flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    // Up to where the statement ends, which the next statement's values do not reach.
    return [...text.matchAll(/replicable\([^)]*\)[^;]*?text: (`[^`]*`|'[^']*')/g)].map(([, sql = '']) => ({
      path,
      sql,
    }));
  });
  expect(found.length).toBeGreaterThan(25);
  const writes =
    /\b(insert into|update|delete from|for (no key )?update|for share|pg_advisory|nextval|set_config)\b/i;
  expect(found.filter(({ sql }) => writes.test(sql))).toEqual([]);
});
