import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What a test file says that starts a database, a server or another process. */
const STARTS =
  /support\/(?:harness|import|child-server|qdrant-double|served)\.ts|embedded\.ts|inject\(|node:(?:sqlite|child_process)|journal\.ts/;

const files = readdirSync(new URL('tests', import.meta.url))
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => `tests/${name}`);
const startsSomething = (path: string) => STARTS.test(readFileSync(new URL(path, import.meta.url), 'utf8'));

/** Files that are small, but take long: what they start and end takes its time. */
const SLOW =
  /(?:-kills|torture|graceful-stop|import-wrong-types|media-reader|model-change|notion-requests|operator-walk|replica|upgrade-database)\.test\.ts$/;

/** The largest files come first, as usual; but before them those that would keep one worker busy when all the others are done. */
class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => (SLOW.test(moduleId) ? 0 : 1);
    const byProject = Map.groupBy(await super.sort(files), ({ project }) => project);
    return [...byProject.values()].flatMap((some) => some.toSorted((one, other) => rank(one) - rank(other)));
  }
}

export default defineConfig({
  // Vite would take graphql's ES module where Node takes its CommonJS one; with both loaded, `instanceof` fails.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    // No test is about these: a busy machine needs ten seconds to start a server.
    setupFiles: ['tests/support/each-file.ts'],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // What comes sooner is not waited for; a busy machine needs more than the usual second.
    // Half of the usual looks: each costs the processor some milliseconds, and most tests wait most of the time.
    expect: { poll: { timeout: 45_000, interval: 100 } },
    // Most of them wait most of the time: four keep five sixths of two cores busy; with seven a run takes longer (734 s, not 691).
    maxWorkers: 5,
    sequence: { sequencer: SlowFirst },
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
