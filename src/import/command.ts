import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ImportConnectionError } from './client.ts';
import { FORMATS, type Format } from './formats.ts';
import { ImportRefusedError, type Send } from './operations.ts';
import { createProgress, withinFolder } from './progress.ts';
import { ImportFileError, UnknownFormatError } from './records.ts';
import { formatReport, formatTotal, type ImportReport } from './report.ts';
import { type ImportOptions, type ImportServices, runImport } from './run.ts';
import { SETTLE_PATIENCE_MS } from './settling.ts';
import { openSources, type Source } from './sources.ts';

/** What of an installation an import needs. */
export type Installation = {
  /** The server that is meant when the command names none. */
  ownUrl: string;
  /** Called once, when the first batch is to be sent. */
  connect: Connect;
  checkpointDirectory: string;
  log: ImportServices['log'];
};

/** What the command needs from outside; the tests bring their own. */
export type CommandServices = {
  /** Reads the configuration; called when the arguments have been understood. */
  open: () => Promise<Installation>;
  /** See `ImportServices`. */
  settlePatienceMs?: number;
  stdout: { write: (text: string) => unknown };
  stderr: NodeJS.WriteStream;
};

/**
 * @param url the server that the command names; null: the caller's own
 * @param tell what is said to whoever waits for a server that is away
 */
export type Connect = (
  url: string | null,
  signal: AbortSignal,
  tell?: (line: string) => void,
) => Promise<Connection>;
export type Connection = { send: Send; close: () => Promise<void> };

const EXIT = { finished: 0, invalid: 1, failed: 1, usage: 2, interrupted: 130 } as const;

/**
 * `npm run import`: reads the arguments, imports the files, prints a report of each. Ctrl-C stops after the batch in flight.
 *
 * @returns the exit code: 0 done, 1 something was left out or failed, 2 wrong usage, 130 stopped by the user
 */
export async function importCommand(args: readonly string[], services: CommandServices): Promise<number> {
  const [stdout, stderr] = [withoutControls(services.stdout), withoutControls(services.stderr)];
  const command = readArguments(args);
  if ('problem' in command) {
    stderr.write(`${command.problem}\n\n${USAGE}\n`);
    return EXIT.usage;
  }
  if (command.help) {
    stdout.write(`${USAGE}\n`);
    return EXIT.finished;
  }
  const installation = await services.open();
  const progress = createProgress(services.stderr);
  const stop = new AbortController();
  const onInterrupt = () => {
    progress.note('\nstopping after the batch in flight (Ctrl-C again stops at once)');
    stop.abort();
  };
  process.once('SIGINT', onInterrupt);
  const connection = connectOnce(() => installation.connect(command.url, stop.signal, progress.note));
  try {
    const { settlePatienceMs = SETTLE_PATIENCE_MS } = services;
    const { log } = installation;
    const given = { send: connection.send, progress, log, signal: stop.signal, settlePatienceMs };
    return await importAll(command, { ...installation, stdout, stderr }, given);
  } catch (error) {
    if (!isExpected(error)) throw error;
    stderr.write(`${error.message}${adviceFor(error)}\n`);
    return stop.signal.aborted ? EXIT.interrupted : EXIT.failed;
  } finally {
    process.removeListener('SIGINT', onInterrupt);
    await connection.close();
  }
}

/** One file after the other: one that is refused keeps no other out. @returns the exit code */
async function importAll(
  { files, url, skipBad, options }: Extract<Command, { help: false }>,
  {
    checkpointDirectory,
    ownUrl,
    stdout,
    stderr,
  }: Pick<Installation, 'checkpointDirectory' | 'ownUrl'> & Output,
  services: ImportServices,
): Promise<number> {
  let code: number = EXIT.finished;
  const reports: ImportReport[] = [];
  let passedOver = 0;
  const common = { ...options, target: url ?? ownUrl, checkpointDirectory };
  const broken: string[] = [];
  const importOne = async ({ file, name, isNamed, place }: Source) => {
    try {
      // A database that takes nothing is waited for once, not for each file of a folder.
      const settlePatienceMs = reports.some(({ waiting }) => waiting > 0) ? 0 : services.settlePatienceMs;
      const progress = place ? withinFolder(services.progress, place) : services.progress;
      const report = await runImport({ ...common, file }, { ...services, progress, settlePatienceMs });
      reports.push(report);
      (report.outcome === 'invalid' ? stderr : stdout).write(`${formatReport(report, name)}\n`);
      const { refusedCount, isCutOff, hasChanged, badCount } = report;
      const [first] = report.refused;
      if (refusedCount > 0) broken.push(`"${name}": ${first ? first.problem : 'refused'}`);
      else if (report.outcome === 'invalid') broken.push(`"${name}" holds bad records`);
      const isLeftOut = refusedCount > 0 || isCutOff || hasChanged || (badCount > 0 && !skipBad);
      return report.outcome === 'finished' && isLeftOut ? EXIT.failed : EXIT[report.outcome];
    } catch (error) {
      if (!(error instanceof ImportFileError)) throw error;
      const said = error.message.replaceAll(file, name);
      const problem = said.includes(name) ? said : `"${name}": ${said}`;
      // A folder may hold anything; what was recognised and cannot be read is another matter.
      if (isNamed || !(error instanceof UnknownFormatError)) {
        stderr.write(`${problem}\n`);
        broken.push(problem.split('\n')[0] ?? problem);
        return EXIT.failed;
      }
      passedOver++;
      stderr.write(`left out: ${problem.split('\n')[0]?.replace(/\. Known are:$/, '')}\n`);
      return EXIT.finished;
    }
  };
  const tell = (problem: ImportFileError) => {
    stderr.write(`${problem.message}\n`);
    broken.push(problem.message.split('\n')[0] ?? problem.message);
    code = EXIT.failed;
  };
  for (const path of files) {
    const [imported, over] = [reports.length, passedOver];
    try {
      const unpackInto = join(checkpointDirectory, 'unpacked');
      for await (const source of openSources([path], unpackInto, tell, services.progress)) {
        const outcome = await importOne(source);
        if (outcome === EXIT.interrupted) return outcome;
        code = Math.max(code, outcome);
      }
    } catch (error) {
      if (!(error instanceof ImportFileError)) throw error;
      tell(error);
    }
    if (reports.length === imported && passedOver > over)
      tell(new ImportFileError(`"${path}" holds nothing that can be imported`));
  }
  if (reports.length + passedOver > 1 && reports.length > 0)
    stdout.write(`${formatTotal(reports, passedOver)}\n`);
  if (broken.length > 0 && reports.length + passedOver + broken.length > 1)
    stderr.write(`not imported, or not whole:\n${broken.map((each) => `  ${each}\n`).join('')}`);
  return code;
}

type Output = Record<'stdout' | 'stderr', { write: (text: string) => unknown }>;

/** Names of files and of conversations come from others, and could steer a terminal. */
function withoutControls(output: { write: (text: string) => unknown }): { write: (text: string) => unknown } {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const controls = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;
  return { write: (text) => output.write(text.replaceAll(controls, '\ufffd')) };
}

const USAGE = `\
usage: npm run import -- FILE... [options]     files, folders, ZIP archives
  --format auto|${Object.keys(FORMATS).join('|')}   default: auto, by content
  --user ID     whose turns these are (only for principals who may act for others)
  --url URL     the server; default: the one of this configuration, started for the duration if it does not run
  --strict      send nothing of a file that holds a bad record; default: leave the record out, say so, exit with 1
  --skip-bad    exit with 0 although bad records were left out
  --restart     begin anew instead of going on after an import that was stopped
  --dry-run     check and count, send nothing
formats:
${Object.entries(FORMATS)
  .map(([name, { description }]) => `  ${name.padEnd(14)} ${description}`)
  .join('\n')}`;

type Command =
  | { help: true }
  | {
      help: false;
      url: string | null;
      files: readonly string[];
      /** Bad records that were left out are no failure. */
      skipBad: boolean;
      options: Omit<ImportOptions, 'file' | 'checkpointDirectory' | 'target'>;
    }
  | { problem: string };

function readArguments(args: readonly string[]): Command {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    if (error instanceof TypeError) return { problem: error.message };
    throw error;
  }
  const { values, positionals } = parsed;
  if (values.help) return { help: true };
  if (positionals.length === 0) return { problem: 'FILE is missing' };
  const missing = positionals.find((file) => !existsSync(file));
  if (missing !== undefined) return { problem: `the file "${missing}" does not exist` };
  if (!isFormat(values.format)) return { problem: `--format: "${values.format}" is not a format` };
  const { url = null } = values;
  const problem = problemOfUrl(url);
  if (problem !== null) return { problem };
  if (values.strict && values['skip-bad']) return { problem: '--strict and --skip-bad exclude each other' };
  if (values.user === '') return { problem: '--user: must not be empty' };
  return {
    help: false,
    url,
    files: positionals,
    skipBad: values['skip-bad'],
    options: {
      format: values.format,
      user: values.user ?? null,
      restart: values.restart,
      strict: values.strict,
      dryRun: values['dry-run'],
    },
  };
}

/** What is wrong with the server that a command names. @param url null: it names none */
export function problemOfUrl(url: string | null): string | null {
  if (url === null || (/^https?:\/\//.test(url) && URL.canParse(url))) return null;
  return `--url: "${url}" is not an http(s) address`;
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      format: { type: 'string', default: 'auto' },
      user: { type: 'string' },
      url: { type: 'string' },
      strict: { type: 'boolean', default: false },
      'skip-bad': { type: 'boolean', default: false },
      restart: { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
}

function isFormat(value: string): value is Format | 'auto' {
  return value === 'auto' || Object.hasOwn(FORMATS, value);
}

/** Trying again is advised only where it can help. */
function adviceFor(error: Error): string {
  if (error instanceof ImportFileError) return '';
  const stored = '\nwhat was acknowledged is stored, the rest was not sent';
  return error instanceof ImportConnectionError
    ? `${stored}; once the server answers, the same command goes on from there`
    : stored;
}

function isExpected(error: unknown): error is Error {
  return (
    error instanceof ImportFileError ||
    error instanceof ImportRefusedError ||
    error instanceof ImportConnectionError
  );
}

/** Connects at the first operation: a refused file or a dry run needs no server. */
function connectOnce(connect: () => Promise<Connection>): Connection {
  let connected: Promise<Connection> | undefined;
  return {
    send: async (operation) => {
      connected ??= connect();
      return (await connected).send(operation);
    },
    close: async () => {
      if (connected) await (await connected).close();
    },
  };
}
