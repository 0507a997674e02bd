import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Print } from '../src/ground/command.ts';
import { startTestDatabase } from '../tests/support/database.ts';
import type { Mutation } from './mutation.ts';
import { MUTATIONS } from './mutations.ts';
import { type Choice, holds, type Outcome, outcomeOf, type Report, runTests } from './tests.ts';

export const USAGE = `usage: npm run mutate -- [options]
Breaks one thing at a time in a copy of the sources, and runs the tests that should see it.
  --only NAME     this mutation (may be given several times)
  --list          names all mutations
  --help          says this
exit code: 0 all were seen, 1 some survived, 2 the run could not be made`;

const ROOT = resolve(import.meta.dirname, '..');
/** What the tests need of the tree. The packages are a link: nothing is changed there. */
const COPIED = ['src', 'tests', 'drizzle', 'scripts', 'torture', 'mutation', 'bench', 'bundle', 'docs'];
const COPIED_FILES = [
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'vitest.config.ts', 'schema.graphql'],
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
];
const LIMIT_MS = 15 * 60_000;
const WHOLE_LIMIT_MS = 60 * 60_000;
/** The template of the database is made of these: whoever changes them is not judged by one that is there already. */
const TEMPLATE = /^drizzle\/|^src\/db\//;

class MutationError extends Error {
  override readonly name = 'MutationError';
}

/** @returns the exit code */
export async function mutateCommand(args: readonly string[], print: Print): Promise<number> {
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
    print(`${(error as Error).message}\n${USAGE}`, 'errors');
    return 2;
  }
  const directory = await mkdtemp(join(tmpdir(), 'echo-mutations-'));
  try {
    await copyTree(directory);
    return await runAll(directory, chosen, print);
  } catch (error) {
    if (!(error instanceof MutationError)) throw error;
    print(error.message, 'errors');
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

async function runAll(directory: string, chosen: readonly Mutation[], print: Print) {
  const database = await startTestDatabase();
  const run = (choice: Choice, { bail = true, limitMs = LIMIT_MS, isOwn = false } = {}) =>
    runTests(directory, choice, { bail, limitMs, databaseUrl: isOwn ? null : database.url });
  const notSeen: string[] = [];
  const notJudged: string[] = [];
  try {
    const isSound = await soundness(chosen, run);
    for (const mutation of chosen) {
      const started = performance.now();
      const choice = choiceOf([mutation]);
      const say = (words: string) =>
        print(`${words} (${Math.round((performance.now() - started) / 1_000)} s)`);
      const before = isSound(choice) ? null : outcomeOf(await run(choice));
      if (before && before.verdict !== 'passed') {
        notJudged.push(mutation.name);
        say(`NOT JUDGED  ${mutation.name}: its tests do not pass without it: ${wordsOf(before)}`);
        continue;
      }
      const isOwn = mutation.changes.some(({ file }) => TEMPLATE.test(file));
      const after = outcomeOf(await withMutation(directory, mutation, () => run(choice, { isOwn })));
      if (after.verdict === 'passed') notSeen.push(mutation.name);
      say(
        after.verdict === 'passed'
          ? `SURVIVED  ${mutation.name}`
          : `killed  ${mutation.name}: ${wordsOf(after)}`,
      );
    }
  } finally {
    await database.stop();
  }
  print(
    `${chosen.length} mutations; survived: ${notSeen.join(', ') || 'none'}; not judged: ${notJudged.join(', ') || 'none'}`,
  );
  return notSeen.length > 0 ? 1 : notJudged.length > 0 ? 2 : 0;
}

type Run = (choice: Choice, options?: { bail?: boolean; limitMs?: number }) => Promise<Report | null>;

/**
 * Runs all tests of some mutations once without any: those that fail then would see every mutation. Two runs, because
 * tests that are named would be alone among those that are not.
 *
 * @returns whether these passed
 */
async function soundness(chosen: readonly Mutation[], run: Run): Promise<(choice: Choice) => boolean> {
  const whole = choiceOf(chosen.filter(({ named }) => named === undefined));
  const parts = choiceOf(chosen.filter(({ named }) => named !== undefined));
  const reports: (Report | null)[] = [];
  for (const choice of [whole, parts])
    reports.push(
      choice.tests.length > 0 ? await run(choice, { bail: false, limitMs: WHOLE_LIMIT_MS }) : null,
    );
  return (choice) => holds(reports[choice.named.length > 0 ? 1 : 0] ?? null, choice);
}

function choiceOf(mutations: readonly Mutation[]): Choice {
  return {
    tests: [...new Set(mutations.flatMap(({ tests }) => tests))],
    named: [...new Set(mutations.flatMap(({ named }) => named ?? []))],
  };
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
