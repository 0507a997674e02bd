import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Tests of some files, of which only those count that have one of these texts in their names; none: all. */
export interface Choice {
  readonly tests: readonly string[];
  readonly named: readonly string[];
}

export interface Outcome {
  /** Broken: no test could be run. */
  readonly verdict: 'passed' | 'failed' | 'broken';
  /** Names of the tests that failed. */
  readonly failed: readonly string[];
}

/** The part of vitest's report that is read here. */
export interface Report {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** What vitest says of tests, by its own report: an exit code does not tell a failed test from one that did not run. */
export async function runTests(
  directory: string,
  { tests, named }: Choice,
  options: {
    /** Where a migrated PostgreSQL is already; null: the tests start their own. */
    readonly databaseUrl: string | null;
    readonly limitMs: number;
    /** True: no further test after one that failed. */
    readonly bail: boolean;
  },
): Promise<Report | null> {
  const report = join(directory, 'report.json');
  await rm(report, { force: true });
  const child = spawn(
    process.execPath,
    [
      join(directory, 'node_modules/vitest/vitest.mjs'),
      ...['run', '--maxWorkers=1', '--reporter=json', `--outputFile=${report}`],
      // A machine that is busy must not look like tests that see something.
      ...['--testTimeout=120000', '--hookTimeout=120000'],
      ...(options.bail ? ['--bail=1'] : []),
      ...(named.length > 0 ? ['--testNamePattern', named.map(escaped).join('|')] : []),
      ...tests,
    ],
    {
      cwd: directory,
      env: { ...process.env, ...(options.databaseUrl && { TEST_DATABASE_URL: options.databaseUrl }) },
      stdio: 'ignore',
      timeout: options.limitMs,
    },
  );
  await once(child, 'exit');
  const told = await readFile(report, 'utf8').catch(() => null);
  return told === null ? null : (JSON.parse(told) as Report);
}

/** A file whose preparations failed has failed, though none of its tests did. */
export function outcomeOf(report: Report | null): Outcome {
  if (!report) return { verdict: 'broken', failed: [] };
  const failed = report.testResults.flatMap(({ name, status, assertionResults }) => {
    const tests = assertionResults.filter((test) => test.status === 'failed').map(({ fullName }) => fullName);
    return tests.length > 0 || status !== 'failed' ? tests : [`${basename(name)} as a whole`];
  });
  if (failed.length > 0) return { verdict: 'failed', failed };
  return { verdict: report.success && report.numPassedTests > 0 ? 'passed' : 'broken', failed };
}

/** Whether a report of more than these tests says that all of their files passed, and one of them at the least. */
export function holds(report: Report | null, { tests, named }: Choice): boolean {
  const isMeant = (fullName: string) => named.length === 0 || named.some((part) => fullName.includes(part));
  const files = tests.map((test) => report?.testResults.find(({ name }) => name.endsWith(`/${test}`)));
  const passed = files.flatMap((file) =>
    (file?.assertionResults ?? []).filter(({ status, fullName }) => status === 'passed' && isMeant(fullName)),
  );
  return files.every((file) => file?.status === 'passed') && passed.length > 0;
}

/** Taken letter by letter in a pattern. */
function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
