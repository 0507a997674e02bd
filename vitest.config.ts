import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
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
    // No test is about these: a busy machine needs ten seconds to start a server.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    // What comes sooner is not waited for; a busy machine needs more than the usual second.
    expect: { poll: { timeout: 25_000 } },
    // Most of them wait most of the time: three keep two thirds of two cores busy.
    maxWorkers: 4,
    // What a server's threads and other processes run is stripped of its types and compiled once, not by each of them.
    // Node finds it by its content, so that nothing is stale.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/node', import.meta.url)) },
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
          // Each file has servers and databases of its own; what the sources keep in modules are caches of words.
          isolate: false,
          globalSetup: ['tests/support/database.ts'],
        },
      },
    ],
  },
});
