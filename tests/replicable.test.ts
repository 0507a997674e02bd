import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { expect, test } from 'vitest';
import { ReplicaLag } from '../src/db/replica-lag.ts';
import { Positions } from '../src/db/replica-position.ts';

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

test('how far the primary is, is asked anew for whoever comes while an answer is under way, and once for all of them', async () => {
  const answers: ((lsn: string) => void)[] = [];
  const look = () =>
    new Promise<pg.QueryResult>((resolve) => {
      answers.push((lsn) => resolve({ rows: [{ lsn, timeline: 1 }] } as unknown as pg.QueryResult));
    });
  const positions = new Positions(look, () => 1);
  const first = positions.now();
  await expect.poll(() => answers.length).toBe(1);
  // Something is committed here, which the first answer does not know of.
  const later = [positions.now(), positions.now()];
  answers[0]?.('0/10');
  await expect.poll(() => answers.length).toBe(2);
  answers[1]?.('1/20');
  expect(await first).toEqual({ timeline: 1, lsn: 0x10n });
  expect(await Promise.all(later)).toEqual(Array(2).fill({ timeline: 1, lsn: 0x1_0000_0020n }));
  expect(answers).toHaveLength(2);
});

test('one that was replaced is not asked, and lags are forgotten with the timeline that they were on', async () => {
  const look = async () => ({ rows: [{ lsn: '0/10', timeline: 1 }] }) as unknown as pg.QueryResult;
  await expect(new Positions(look, () => 2).now()).rejects.toThrow('the primary is on timeline 1');
  const lag = new ReplicaLag();
  lag.note({ timeline: 1, lsn: 9n });
  lag.noteReached({ timeline: 1, lsn: 8n });
  expect(lag.seconds).toBeGreaterThan(0);
  lag.noteReached({ timeline: 2, lsn: 5n });
  expect(lag.seconds).toBe(0);
});
