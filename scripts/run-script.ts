import { EXIT, type Print } from '../src/ground/command.ts';

/** Whose messages are written for the operator, by name: the classes would load the whole server to print a usage. */
const OPERATORS_ERRORS = ['ConfigError', 'StartupError', 'CommandFailed', 'ImportFileError'];

/** What npm tells each program of a configuration: its name in this form, and a value. */
const BY_NPM = 'npm_config_';

/** What it tells of every run; and options of its own that a file of settings may have, without which nothing is done that should not be. */
const OF_NO_MATTER =
  /^(cache|globalconfig|(global-|local-)?prefix|init-module|node-gyp|noproxy|npm-version|user-agent|userconfig|json|yes)$/;

/** What a script does. @param args what follows its name; @returns the exit code */
export type Script = (args: readonly string[], print: Print) => Promise<number>;

/** Results go to standard output, what went wrong to standard error. */
const printHere: Print = (line, to) =>
  void (to === 'errors' ? process.stderr : process.stdout).write(`${line}\n`);

/** Prints what is written, for what writes lines with their ends. */
export const writerOf = (print: Print) => ({ write: (text: string) => print(text.replace(/\n$/, '')) });

/**
 * Runs the command line of this process: its exit code is what `main` returns, or 1 with the reason on standard error.
 *
 * @param main gets what follows the script's name, and where to print lines; told `--help` it only prints how it is used
 */
export async function runScript(main: Script): Promise<void> {
  // Whoever reads the lines has read enough, as `head` has.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(EXIT.done);
  });
  const args = process.argv.slice(2);
  try {
    const taken = await takenByNpm(main, args);
    if (taken.length > 0) printHere(adviceFor(taken), 'errors');
    process.exitCode = taken.length > 0 ? EXIT.usage : await main(args, printHere);
  } catch (error) {
    const { name, message, stack } = error as Error;
    printHere(String(OPERATORS_ERRORS.includes(name) ? message : stack), 'errors');
    process.exitCode = EXIT.failed;
  }
}

/**
 * Options of a script that npm took for its own: `npm run import FILE --dry-run` would import, since npm tells only in the
 * environment that there was an option.
 */
async function takenByNpm(main: Script, args: readonly string[]): Promise<string[]> {
  // Empty is its word for no.
  const given = Object.keys(process.env).filter((name) => name.startsWith(BY_NPM) && process.env[name]);
  const candidates = given
    .map((name) => name.slice(BY_NPM.length).replaceAll('_', '-'))
    .filter((name) => !OF_NO_MATTER.test(name))
    .map((name) => `--${name}`);
  const usage: string[] = [];
  if (candidates.length > 0) await main([...args, '--help'], (line) => usage.push(line));
  const known = new Set(usage.join('\n').match(/--[a-z][a-z-]*/g));
  return candidates.filter((option) => known.has(option) && !args.some((word) => word.startsWith(option)));
}

function adviceFor(taken: readonly string[]): string {
  const command = process.env.npm_lifecycle_event ?? 'NAME';
  return `${taken.join(', ')}: npm took this for an option of its own. Write -- before all that is meant for the command: npm run ${command} -- … ${taken.join(' … ')}`;
}
