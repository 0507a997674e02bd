import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { MUTATIONS, type Mutation } from './mutations.ts';

export const USAGE = `usage: npm run mutate -- [options]
Breaks one thing at a time in a copy of the sources, and runs the tests that should see it.
  --only NAME     this mutation (may be given several times)
  --list          names all mutations
  --help          says this
exit code: 0 all were seen, 1 some survived, 2 the run could not be made`;

const ROOT = resolve(import.meta.dirname, '..');
/** What the tests need of the tree. The packages are a link: nothing is changed there. */
const COPIED = ['src', 'tests', 'drizzle', 'scripts', 'torture', 'mutation', 'bench', 'docs'];
const COPIED_FILES = [
  ...['package.json', 'tsconfig.json', 'vitest.config.ts', 'schema.graphql'],
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
];
const LIMIT_MS = 15 * 60_000;

class MutationError extends Error {
  override readonly name = 'MutationError';
}

interface Outcome {
  /** Broken: no test could be run. */
  readonly verdict: 'passed' | 'failed' | 'broken';
  /** Names of the tests that failed. */
  readonly failed: readonly string[];
}

/** @returns the exit code */
export async function mutateCommand(args: readonly string[], print: (line: string) => void): Promise<number> {
  let chosen: readonly Mutation[];
  try {
    const { only, list, help } = readArguments(args);
    if (help) print(USAGE);
    if (list)
      for (const { name, tests } of MUTATIONS)
        print(`${name}: ${tests.map((test) => basename(test)).join(', ')}`);
    if (help || list) return 0;
    chosen = only ? only.map(mutationNamed) : MUTATIONS;
  } catch (error) {
    print(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  const directory = await mkdtemp(join(tmpdir(), 'echo-mutations-'));
  try {
    await copyTree(directory);
    return await runAll(directory, chosen, print);
  } catch (error) {
    if (!(error instanceof MutationError)) throw error;
    print(error.message);
    return 2;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function readArguments(args: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const;
  const only = { type: 'string', multiple: true } as const;
  return parseArgs({ args: [...args], options: { only, list: flag, help: flag } }).values;
}

function mutationNamed(name: string): Mutation {
  const found = MUTATIONS.find((mutation) => mutation.name === name);
  if (!found) throw new MutationError(`there is no mutation "${name}"`);
  return found;
}

async function runAll(directory: string, chosen: readonly Mutation[], print: (line: string) => void) {
  const notSeen: string[] = [];
  const notJudged: string[] = [];
  const sound = new Map<string, Outcome>();
  for (const mutation of chosen) {
    // Tests that fail without any mutation would see every one of them.
    const key = JSON.stringify([mutation.tests, mutation.named]);
    const before = sound.get(key) ?? (await runTests(directory, mutation));
    sound.set(key, before);
    if (before.verdict !== 'passed') {
      notJudged.push(mutation.name);
      print(`NOT JUDGED  ${mutation.name}: its tests do not pass without it: ${wordsOf(before)}`);
      continue;
    }
    const after = await withMutation(directory, mutation, () => runTests(directory, mutation));
    if (after.verdict === 'passed') notSeen.push(mutation.name);
    print(
      after.verdict === 'passed'
        ? `SURVIVED  ${mutation.name}`
        : `killed  ${mutation.name}: ${wordsOf(after)}`,
    );
  }
  print(
    `${chosen.length} mutations; survived: ${notSeen.join(', ') || 'none'}; not judged: ${notJudged.join(', ') || 'none'}`,
  );
  return notSeen.length > 0 ? 1 : notJudged.length > 0 ? 2 : 0;
}

function wordsOf({ verdict, failed }: Outcome): string {
  return verdict === 'broken' ? 'no test could run' : failed.join('; ');
}

async function copyTree(directory: string): Promise<void> {
  for (const name of [...COPIED, ...COPIED_FILES])
    await cp(join(ROOT, name), join(directory, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
}

/** The sources with a mutation, by file. @throws MutationError where a text is not there exactly once */
export async function mutated(directory: string, { name, changes }: Mutation): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  for (const { file, text, replacement } of changes) {
    const source = sources.get(file) ?? (await readFile(join(directory, file), 'utf8'));
    const times = source.split(text).length - 1;
    if (times !== 1) throw new MutationError(`${name}: ${file} has its text ${times} times: ${text}`);
    sources.set(
      file,
      source.replace(text, () => replacement),
    );
  }
  return sources;
}

async function withMutation<T>(directory: string, mutation: Mutation, work: () => Promise<T>): Promise<T> {
  const sources = await mutated(directory, mutation);
  const originals = new Map<string, string>();
  for (const [file, source] of sources) {
    originals.set(file, await readFile(join(directory, file), 'utf8'));
    await writeFile(join(directory, file), source);
  }
  try {
    return await work();
  } finally {
    for (const [file, source] of originals) await writeFile(join(directory, file), source);
  }
}

/** What vitest says of the tests, by its own report: an exit code does not tell a failed test from one that did not run. */
async function runTests(directory: string, { tests, named }: Mutation): Promise<Outcome> {
  const report = join(directory, 'report.json');
  await rm(report, { force: true });
  const child = spawn(
    process.execPath,
    [
      join(directory, 'node_modules/vitest/vitest.mjs'),
      ...['run', '--bail=1', '--maxWorkers=1', '--reporter=json', `--outputFile=${report}`],
      // A machine that is busy must not look like tests that see something.
      ...['--testTimeout=120000', '--hookTimeout=120000'],
      ...(named === undefined ? [] : ['--testNamePattern', named]),
      ...tests,
    ],
    { cwd: directory, stdio: 'ignore', timeout: LIMIT_MS },
  );
  await once(child, 'exit');
  const told = await readFile(report, 'utf8').catch(() => null);
  return told === null ? { verdict: 'broken', failed: [] } : outcomeOf(JSON.parse(told));
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

/** A file whose preparations failed has failed, though none of its tests did. */
export function outcomeOf({ success, numPassedTests, testResults }: Report): Outcome {
  const failed = testResults.flatMap(({ name, status, assertionResults }) => {
    const tests = assertionResults.filter((test) => test.status === 'failed').map(({ fullName }) => fullName);
    return tests.length > 0 || status !== 'failed' ? tests : [`${basename(name)} as a whole`];
  });
  if (failed.length > 0) return { verdict: 'failed', failed };
  return { verdict: success && numPassedTests > 0 ? 'passed' : 'broken', failed };
}
