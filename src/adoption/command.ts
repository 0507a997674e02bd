import { type FileHandle, open } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { ImportConnectionError } from '../import/client.ts';
import { type Connect, problemOfUrl } from '../import/command.ts';
import { ImportRefusedError } from '../import/operations.ts';
import { createProgress } from '../import/progress.ts';
import type { Change } from './older-row.ts';
import { type AdoptionReport, adopt } from './run.ts';
import { Source, SourceError } from './source.ts';

const USAGE = `\
usage: npm run adopt -- --from postgres://USER:PASSWORD@HOST:PORT/NAME [options]
  --from URL      the older database; it is only read, in one snapshot
  --schema NAME   where its tables are; default: public
  --user ID       whose the rows of its user "default" become, and those that name none; default: default
  --url URL       the server; default: the one of this configuration, started for the duration if it does not run
  --report FILE   each value that could not be taken as it was, as JSON Lines; default: adoption-report.jsonl
  --dry-run       read and check everything, send nothing`;

const EXIT = { done: 0, failed: 1, usage: 2 } as const;

export interface AdoptServices {
  readonly connect: Connect;
  readonly stdout: { write: (text: string) => unknown };
  readonly stderr: NodeJS.WriteStream;
}

/**
 * `npm run adopt`: copies an older database into the server.
 *
 * @returns the exit code: 0 everything is there, 1 something is not, 2 wrong usage
 */
export async function adoptCommand(args: readonly string[], services: AdoptServices): Promise<number> {
  const { stdout, stderr } = services;
  const options = readArguments(args);
  if (typeof options === 'string') {
    stderr.write(options === '' ? '' : `${options}\n\n`);
    (options === '' ? stdout : stderr).write(`${USAGE}\n`);
    return options === '' ? EXIT.done : EXIT.usage;
  }
  try {
    return await adoptFrom(options, services);
  } catch (error) {
    if (!isExpected(error)) throw error;
    stderr.write(`${error.message}\n`);
    return EXIT.failed;
  }
}

interface Options {
  readonly from: string;
  readonly schema: string;
  readonly user: string;
  readonly url: string | null;
  readonly report: string;
  readonly isDry: boolean;
}

/** @returns what is wrong with them; empty: help was asked for */
function readArguments(args: readonly string[]): Options | string {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...{ from: text, schema: text, user: text, url: text, report: text },
        ...{ 'dry-run': flag, help: { ...flag, short: 'h' } },
      },
    });
    if (values.help) return '';
    const { from, schema = 'public', user = 'default', url = null } = values;
    if (from === undefined) return '--from is missing';
    if (!/^postgres(ql)?:\/\//.test(from)) return '--from: must begin with postgres://';
    if (user === '' || [...user].length > 100) return '--user: must have 1 to 100 characters';
    const problem = problemOfUrl(url);
    if (problem !== null) return problem;
    const report = values.report ?? 'adoption-report.jsonl';
    return { from, schema, user, url, report, isDry: values['dry-run'] };
  } catch (error) {
    return (error as Error).message;
  }
}

async function adoptFrom(options: Options, { connect, stdout, stderr }: AdoptServices): Promise<number> {
  const progress = createProgress(stderr);
  const source = await Source.open(options.from, options.schema);
  let connection: Awaited<ReturnType<Connect>> | null = null;
  const notes = await Notes.open(options.report).catch(async (error: unknown) => {
    await source.close();
    throw error;
  });
  try {
    if (!options.isDry) connection = await connect(options.url, new AbortController().signal, progress.note);
    const report = await adopt(options.user, {
      ...{ source, progress, send: connection?.send ?? null },
      tellChange: (change) => notes.changed(change),
      tellRefused: (what, why) => notes.refused(what, why),
    });
    stdout.write(describe(report, notes, source.guessed));
    return report.refused === 0 && isWhole(report) ? EXIT.done : EXIT.failed;
  } finally {
    await notes.close();
    await connection?.close();
    await source.close();
  }
}

function isWhole({ turns, missing }: AdoptionReport): boolean {
  return (turns?.isSame ?? true) && missing.size === 0;
}

/** Different kinds of changes that are counted for people; the file has each. */
const MAX_KINDS = 1_000;
const SHOWN_REFUSALS = 20;

/** What was changed or refused: a file of all of it, and the sums. */
class Notes {
  readonly kinds = new Map<string, number>();
  readonly refusals: string[] = [];
  readonly file: string;
  readonly #stream: ReturnType<FileHandle['createWriteStream']>;

  private constructor(file: string, stream: ReturnType<FileHandle['createWriteStream']>) {
    this.file = file;
    this.#stream = stream;
  }

  /** @throws SourceError if the file cannot be written */
  static async open(file: string): Promise<Notes> {
    // It holds what users said.
    const handle = await open(file, 'w', 0o600).catch((error: NodeJS.ErrnoException) => {
      throw new SourceError(`--report: "${file}" cannot be written (${error.code})`);
    });
    return new Notes(file, handle.createWriteStream());
  }

  changed(change: Change): void {
    this.#stream.write(`${JSON.stringify(change)}\n`);
    const kind = `${change.table}.${change.column} ${change.why}`;
    if (this.kinds.has(kind) || this.kinds.size < MAX_KINDS)
      this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
  }

  refused(what: string, why: string): void {
    this.#stream.write(`${JSON.stringify({ refused: what, why })}\n`);
    if (this.refusals.length < SHOWN_REFUSALS) this.refusals.push(`  ${what}: ${why}`);
  }

  async close(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream);
  }
}

function describe(report: AdoptionReport, notes: Notes, guessed: number): string {
  const { read, outcome, repeated, deletedSince, renamed, ignored, refused, turns, missing } = report;
  const lines = [...read].map(([table, rows]) => `${table}: ${rows} rows read`);
  if (outcome) lines.push(`${outcome.turns} turns stored, ${outcome.replayed} were there already`);
  else lines.push('nothing was sent (--dry-run)');
  if (repeated > 0) lines.push(`${repeated} rows say the same as another one and are kept once`);
  if (deletedSince > 0) lines.push(`${deletedSince} turns were deleted here since, and stay deleted`);
  for (const [name, other] of renamed)
    lines.push(`the conversation "${name}" is another one here: the older one became "${other}"`);
  if (guessed > 0) lines.push(`${guessed} rows were no UTF-8, and were read as windows-1252`);
  if (notes.kinds.size > 0) lines.push(`changed (each value is in ${notes.file}):`);
  lines.push(...[...notes.kinds].map(([kind, count]) => `  ${count} × ${kind}`));
  if (ignored.size > 0) lines.push('left alone:');
  lines.push(...[...ignored].map(([table, rows]) => `  ${table} (${rows} rows)`));
  if (refused > 0) lines.push(`${refused} were refused by the server:`, ...notes.refusals);
  for (const [kind, count] of missing) lines.push(`MISSING: ${count} of kind ${kind}`);
  if (turns) {
    const verdict = turns.isSame ? 'the same, by number and checksum' : 'NOT THE SAME';
    lines.push(
      `read back: ${turns.found} of ${turns.sent} turns, ${verdict} (${report.checksum.slice(0, 16)}…)`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function isExpected(error: unknown): error is Error {
  return (
    error instanceof SourceError ||
    error instanceof ImportRefusedError ||
    error instanceof ImportConnectionError
  );
}
