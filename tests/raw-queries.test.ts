import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/**
 * Queries whose rows are read although nothing says what they are: the driver's type for them is `any`, with which
 * whatever is misspelt compiles. One whose rows nobody reads stands alone, or asks for their number only; a COPY has bytes.
 */
function untyped(source: string): string[] {
  return source
    .split('\n')
    .filter((line) => /\b(?:pool|client|db|connection)\.query\(/.test(line))
    .filter((line) => !/^\s*await |\{ rowCount(?:: \w+)? \} = |\(copy(?:To|From)\(/.test(line))
    .map((line) => line.trim());
}

/** Nobody reads their rows either, but a line does not show it. */
const UNREAD = [
  "? within(db.pool.query(statement), SHARED_DEADLINE_MS, 'the count took too long')",
  'const written = this.#db.pool.query({',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as the source has it
  'client.query(`CREATE DATABASE ${name}`),',
];

test('a raw query says what its rows are', () => {
  const found = globSync('src/**/*.ts', { cwd: root })
    // Of another kind of store.
    .filter((path) => !path.includes('qdrant'))
    .flatMap((path) => untyped(readFileSync(join(root, path), 'utf8')));
  expect(found.filter((line) => !UNREAD.includes(line))).toEqual([]);
});

test('one that does not is seen', () => {
  expect(untyped('const { rows } = await db.pool.query({\n  name: "a",')).toHaveLength(1);
  expect(untyped('  return client.query(text);')).toHaveLength(1);
  expect(untyped('  const { rows } = await client.query<Row>(text);')).toEqual([]);
  expect(untyped('  await client.query({')).toEqual([]);
  expect(untyped('  const { rowCount } = await client.query({')).toEqual([]);
});
