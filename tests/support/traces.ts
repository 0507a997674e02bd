import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { TestApp } from './harness.ts';

/** The files below a directory in which a word's bytes are. */
export async function filesWithTraces(directory: string, word: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if ((await readFile(path)).includes(word)) found.push(relative(directory, path));
  }
  return found;
}

/** Where a word in small letters is, or its bytes: rows of every table, and files of the data directory. */
export async function traces(target: TestApp, word: string): Promise<string[]> {
  const found: string[] = [];
  const tables = await target.sql(
    "select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
  );
  for (const { name } of tables) {
    const rows = await target.sql(
      `select count(*)::int as count from "${name}" t where lower(t::text) like '%${word}%'`,
    );
    if (rows[0]?.count > 0) found.push(`table ${name}: ${rows[0]?.count}`);
  }
  for (const file of await filesWithTraces(target.directory, word)) found.push(`file ${file}`);
  return found;
}
