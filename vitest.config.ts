import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** What a test file says that starts a database, a server or another process. */
const STARTS =
  /support\/(?:harness|import|child-server|qdrant-double)\.ts|embedded\.ts|inject\(|node:(?:sqlite|child_process)|journal\.ts/;

const files = readdirSync(new URL('tests', import.meta.url))
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => `tests/${name}`);
const startsSomething = (path: string) => STARTS.test(readFileSync(new URL(path, import.meta.url), 'utf8'));

export default defineConfig({
  // Vite would take graphql's ES module where Node takes its CommonJS one; with both loaded, `instanceof` fails.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // What comes sooner is not waited for; a busy machine needs more than the usual second.
    expect: { poll: { timeout: 15_000 } },
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        // One after the other in the same process: importing takes longer than most of these tests.
        test: { name: 'unit', include: files.filter((path) => !startsSomething(path)), isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'server',
          include: files.filter(startsSomething),
          globalSetup: ['tests/support/database.ts'],
        },
      },
    ],
  },
});
