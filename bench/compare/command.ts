import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Print } from '../../src/ground/command.ts';
import { pinCores } from './cores.ts';
import { type BenchDatabase, startDatabase } from './database.ts';
import { type Figure, printed } from './figures.ts';
import { Client } from './load.ts';
import { pageOf } from './page.ts';
import { PEERS } from './peers.ts';
import { killAll } from './processes.ts';
import type { Bench, Work } from './work.ts';
import { WORKS } from './works.ts';

const USAGE = `usage: npm run bench -- [--works a,b,c] [--rounds 5] [--ms 1000] [--turns 1000,10000,100000] [--model DIR] [--made-up-vectors]
                [--before DIR] [--out DIR]
Measures this server and what people would use instead, side by side on this machine: candidates take turns in each round.
Prints medians, how far the rounds lie apart, and how many times as good the first candidate is (the median of each round's
ratio); writes bench.json and bench.html.

  --works   which works, by letter; all of them unless told otherwise
  --rounds  rounds of each, at least 1; 5
  --ms      milliseconds of each candidate in each round; 1000
  --turns   sizes of a memory that (d) and (growth) measure; 1000,10000,100000. Each 100,000 take some minutes to index
  --model   folder of a sentence model, such as data/models/minilm, that (d) and (growth) search with; words alone
  --made-up-vectors  their turns get vectors near those of 500 turns, so that a million needs no hours of a model
  --before  another checkout of this project, measured beside this one in the reads
  --out     where the results go; data/bench

Works:
${WORKS.map(({ title }) => `  ${title.replaceAll('; (', '\n  (')}`).join('\n')}`;

/** Runs the works that were asked for. @returns false where the arguments are wrong, with the reason printed */
export async function runBench(args: readonly string[], print: Print): Promise<boolean> {
  const options = readOptions(args, print);
  if (!options) return false;
  if (options === 'help') {
    print(USAGE);
    return true;
  }
  process.once('exit', killAll);
  const machine = {
    cores: pinCores(),
    model: cpus()[0]?.model ?? 'unknown',
    count: cpus().length,
    bytes: totalmem(),
  };
  print(
    `${machine.count} cores (${machine.model}), Node ${process.version}; ` +
      (machine.cores
        ? `servers on core ${machine.cores.server}, PostgreSQL and clients on ${machine.cores.others}`
        : 'nothing is pinned to a core: taskset is not there, or there is one core'),
  );
  const began = performance.now();
  const { figures, failed } = await runWorks(options, machine.cores, print);
  const result = {
    date: new Date().toISOString(),
    command: `npm run bench -- ${args.join(' ')}`.trim(),
    seconds: Math.round((performance.now() - began) / 1_000),
    machine,
    node: process.version,
    peers: PEERS,
    figures,
  };
  await mkdir(options.out, { recursive: true });
  await writeFile(join(options.out, 'bench.json'), `${JSON.stringify(result, null, 2)}\n`);
  await writeFile(join(options.out, 'bench.html'), pageOf(result));
  print(
    `\n${result.seconds} s; written: ${join(options.out, 'bench.json')}, ${join(options.out, 'bench.html')}`,
  );
  return !failed;
}

interface Options {
  readonly works: ReadonlySet<string>;
  readonly rounds: number;
  readonly ms: number;
  readonly turns: readonly number[];
  readonly model: string | null;
  readonly madeUp: boolean;
  readonly before: string | null;
  readonly out: string;
}

function readOptions(args: readonly string[], print: Print): Options | 'help' | null {
  const letters = WORKS.flatMap((work) => work.letters);
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        works: { type: 'string', default: letters.join(',') },
        rounds: { type: 'string', default: '5' },
        ms: { type: 'string', default: '1000' },
        turns: { type: 'string', default: '1000,10000,100000' },
        model: { type: 'string' },
        'made-up-vectors': { type: 'boolean', default: false },
        before: { type: 'string' },
        out: { type: 'string', default: 'data/bench' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return 'help';
    const works = values.works.split(',').map((letter) => letter.trim());
    const unknown = works.filter((letter) => !letters.includes(letter));
    if (unknown.length > 0)
      throw new Error(`--works: there is no "${unknown[0]}"; there are ${letters.join(', ')}`);
    return {
      works: new Set(works),
      rounds: positive('--rounds', values.rounds),
      ms: positive('--ms', values.ms),
      turns: values.turns
        .split(',')
        .map((size) => positive('--turns', size.trim()))
        .sort((a, b) => a - b),
      model: values.model === undefined ? null : resolve(values.model),
      madeUp: values['made-up-vectors'],
      before: values.before === undefined ? null : resolve(values.before),
      out: resolve(values.out),
    };
  } catch (error) {
    print(`${(error as Error).message}\n\n${USAGE}`, 'errors');
    return null;
  }
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new Error(`${name}: must be a whole number from 1, is "${text}"`);
  return number;
}

/** A work that fails is told, and the others go on. */
async function runWorks(
  { works, ...options }: Options,
  cores: Bench['cores'],
  print: Print,
): Promise<{ figures: Figure[]; failed: boolean }> {
  const folder = await mkdtemp(join(tmpdir(), 'echo-brain-bench-'));
  const client = new Client();
  let database: Promise<BenchDatabase> | null = null;
  const bench: Bench = {
    ...{ ...options, cores, client, print },
    database: () => {
      database ??= startDatabase();
      return database;
    },
    folder: (name) => mkdtemp(join(folder, `${name}-`)),
  };
  const figures: Figure[] = [];
  let failed = false;
  const run = async (work: Work) => {
    for await (const figure of work.run(bench, works)) {
      figures.push(figure);
      print(`\n${printed(figure)}`);
    }
  };
  try {
    for (const work of WORKS) {
      if (!work.letters.some((letter) => works.has(letter))) continue;
      await run(work).catch((error: Error) => {
        failed = true;
        print(`\n(${work.letters.join(', ')}) failed: ${error.stack ?? error.message}`);
      });
    }
  } finally {
    client.close();
    // One that could not be filled has been stopped, and its work has told why.
    const started = await (database as Promise<BenchDatabase> | null)?.catch(() => null);
    await started?.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return { figures, failed };
}
