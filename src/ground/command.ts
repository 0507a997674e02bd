import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { EchoError, InvalidInput } from '../errors.ts';

/** Exit codes of an operator's commands. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** Prints a line: a result, or what went wrong, which goes where no program reads results. */
export type Print = (line: string, to?: 'errors') => void;

/** Opens the parts of a server for some work, and closes them after it. */
export type WithServices<Services> = <T>(work: (services: Services) => Promise<T>) => Promise<T>;

/**
 * Runs an operator's command, and says in words what was wrong with what was asked. Nothing is opened for a command that
 * does not exist, for one with wrong options, or to show how commands are used.
 *
 * @param work reads its arguments before it opens anything; returns an exit code; null: there is no such command
 * @returns the exit code
 */
export async function runCommand(
  usage: string,
  args: readonly string[],
  print: Print,
  work: () => Promise<number | null>,
): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    print(usage);
    return EXIT.done;
  }
  try {
    const code = await work();
    if (code !== null) return code;
  } catch (error) {
    const isUsage = (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
    if (!isUsage && !(error instanceof EchoError)) throw error;
    print((error as Error).message, 'errors');
    if (!isUsage) return isOfTheCommandLine(error) ? EXIT.usage : EXIT.failed;
  }
  print(usage, 'errors');
  return EXIT.usage;
}

/** Whether an argument was refused: a field that is named as the usage names it (`--limit`, `FILE`). */
const isOfTheCommandLine = (error: unknown) =>
  error instanceof InvalidInput && /^(--[a-z]|[A-Z]+$)/.test(error.field);

/** The option of commands that list something. */
export const JSON_OPTION = { json: { type: 'boolean', default: false } } as const;

/**
 * Prints a list: a line each, and for people that there is nothing, where that is so. With --json each is a line of JSON, and a list of
 * nothing is empty.
 *
 * @param given.none what people are told of an empty list
 * @param given.shown what programs get of a row; all of it unless told otherwise
 */
export function printList<T>(
  rows: readonly T[],
  given: {
    readonly json: boolean;
    readonly none: string;
    readonly line: (row: T) => string;
    readonly shown?: (row: T) => unknown;
  },
  print: (line: string) => void,
): void {
  const { shown = (row) => row } = given;
  for (const row of rows) print(given.json ? JSON.stringify(shown(row)) : given.line(row));
  if (rows.length === 0 && !given.json) print(given.none);
}

/** A command that has no options. @param work as of `runCommand` */
export function runPlainCommand(
  usage: string,
  args: readonly string[],
  print: Print,
  work: () => Promise<number>,
): Promise<number> {
  return runCommand(usage, args, print, async () => {
    parseArgs({ args: [...args], options: {} });
    return work();
  });
}

/** Asks whoever runs the command. @returns whether the answer is yes; an end of the input is a no */
export async function confirmed(question: string): Promise<boolean> {
  process.stderr.write(`${question} [y/N] `);
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) {
    lines.close();
    return /^y(es)?$/i.test(line.trim());
  }
  return false;
}
