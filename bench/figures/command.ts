import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Print } from '../../src/ground/command.ts';
import { pageWith, type Section } from './page.ts';
import { type Given, PARTS, type Part } from './parts.ts';
import { aboutSoak } from './soak.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PAGE = join(ROOT, 'docs', 'figures.md');

const USAGE = `usage: npm run figures -- [--parts a,b] [--data FILE] [--soak FOLDER]
Measures this project on this machine and writes docs/figures.md, each part with command, commit, machine and date.
Parts that are not measured stay as they are there. Leave the machine alone meanwhile: half an hour for all of them.

  --parts  which parts, by name; all of them unless told otherwise
  --data   a file of dialogues with questions, which recall needs (see npm run evaluate)
  --soak   the folder that npm run torture -- --soak wrote, of which the page tells

Parts:
${PARTS.map(({ name, title }) => `  ${name.padEnd(13)} ${title}`).join('\n')}

exit code: 0 all were measured, 1 one failed or was left out, 2 the arguments are wrong`;

/** `npm run figures`. @returns the exit code */
export async function figuresCommand(args: readonly string[], print: Print): Promise<number> {
  let values: Partial<Record<'parts' | 'data' | 'soak', string | undefined>> & { help?: boolean | undefined };
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        ...{ parts: { type: 'string' }, data: { type: 'string' }, soak: { type: 'string' } },
        help: { type: 'boolean' },
      },
    }));
    const unknown = values.parts?.split(',').find((name) => !PARTS.some((part) => part.name === name));
    if (unknown !== undefined) throw new Error(`--parts: there is no "${unknown}"`);
  } catch (error) {
    print(`${(error as Error).message}\n\n${USAGE}`, 'errors');
    return 2;
  }
  if (values.help) {
    print(USAGE);
    return 0;
  }
  const wanted = values.parts?.split(',') ?? PARTS.map(({ name }) => name);
  const given = {
    data: values.data === undefined ? null : resolve(values.data),
    soak: values.soak === undefined ? null : resolve(values.soak),
  };
  let failed = false;
  for (const part of PARTS.filter(({ name }) => wanted.includes(name))) {
    const section = await measured(part, given, print);
    if (!section) {
      failed = true;
      continue;
    }
    // Each part is written when it is there: the next one may be given up.
    const before = await readFile(PAGE, 'utf8').catch(() => '');
    await writeFile(
      PAGE,
      pageWith(
        before,
        [section],
        PARTS.map(({ title }) => title),
      ),
    );
  }
  return failed ? 1 : 0;
}

/** @returns null where it failed or lacks something, which is printed */
async function measured(part: Part, given: Omit<Given, 'out'>, print: Print): Promise<Section | null> {
  const out = await mkdtemp(join(tmpdir(), 'echo-brain-figures-'));
  try {
    const command = part.command({ ...given, out });
    if ('needs' in command) {
      print(`${part.name}: left out, it needs ${command.needs}`);
      return null;
    }
    if ('was' in command) {
      const table = await part.table('', command.was);
      const about = await aboutSoak(command.was);
      return { title: part.title, text: `## ${part.title}\n\n${about}\n\n${table.join('\n')}` };
    }
    print(`${part.name}: npm run ${command.join(' ')}`);
    const load = loadavg()[0] ?? 0;
    const printed = await run(command, part.env ?? {});
    const table = await part.table(printed, out);
    const shown = command
      .map((word) => (word === given.data ? 'FILE' : word))
      .filter((word) => !word.startsWith(out));
    return {
      title: part.title,
      text: `## ${part.title}\n\n${aboutOf(part, shown, load)}\n\n${table.join('\n')}`,
    };
  } catch (error) {
    print(`${part.name}: failed: ${(error as Error).message}`);
    return null;
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

function aboutOf({ env }: Part, command: readonly string[], load: number): string {
  const words = command.filter((word) => word !== '--out' && word !== '--history');
  const set = Object.entries(env ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}=${value} `,
  );
  const [script, ...rest] = words;
  const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
  const dirty = git('status', '--porcelain', '--', 'src', 'bench', 'torture') === '' ? '' : ', with changes';
  return (
    `\`${set.join('')}npm run ${script}${rest.length > 0 ? ` -- ${rest.join(' ')}` : ''}\`, commit ${git('rev-parse', '--short', 'HEAD')}${dirty}, ` +
    `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, ${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ` +
    `load before ${load.toFixed(1)}, Node ${process.version}`
  );
}

/** @throws Error with the last lines, where it ends with something else than 0 */
async function run(
  [script = '', ...args]: readonly string[],
  env: NonNullable<Part['env']>,
): Promise<string> {
  const child = spawn('npm', ['run', '-s', script, '--', ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const code = await new Promise<number | null>((settle, refuse) => {
    child.once('error', refuse);
    child.once('close', settle);
  });
  if (code !== 0) throw new Error(`npm run ${script} ended with ${code}: ${printed.slice(-400)}`);
  return printed;
}
