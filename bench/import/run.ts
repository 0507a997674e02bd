import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { postgresProcesses, signalAll, untilGone } from '../../torture/processes.ts';
import { ServerUnderTest } from '../../torture/server.ts';
import { type Holdings, writeExport } from './export.ts';
import { createMemoryLog } from './memory-log.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const LOOK_MS = 500;

type Print = (line: string) => void;
type Options = { megabytes: number; kills: number; serverKills: number; seed: number; port: number };

/** Options of the command, as they were typed. */
export interface Given {
  readonly megabytes: string;
  readonly kills: string;
  readonly 'server-kills': string;
  readonly seed: string;
  readonly port: string;
}

/** Measures an import that is killed. @throws Error where turns are missing, or there twice */
export async function benchImport(values: Given, print: Print): Promise<void> {
  const { megabytes, kills, 'server-kills': serverKills, seed, port } = values;
  const [mb, k, s, number, at] = [megabytes, kills, serverKills, seed, port].map(Number) as [
    ...[number, number, number, number, number],
  ];
  await onStand({ megabytes: mb, kills: k, serverKills: s, seed: number, port: at }, print);
}

async function onStand(options: Options, print: Print): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'echo-bench-import-'));
  const dataDirectory = join(directory, 'data');
  const server = new ServerUnderTest({
    ...{ program: join(ROOT, 'scripts/start.ts'), dataDirectory, port: options.port, environment: {} },
    logFile: join(directory, 'server.log'),
    report: ({ check, detail }) => print(`${check}: ${detail}`),
  });
  const postgres = join(dataDirectory, 'postgres');
  try {
    const file = join(directory, 'conversations.json');
    const holdings = await writeExport(file, options);
    print(`the file: ${JSON.stringify(holdings)}`);
    if (!(await server.untilReady())) throw new Error('the server did not start');
    const bench = new ImportBench(options, directory, file, holdings, server, print);
    await bench.killed();
    await bench.compare();
    await bench.again();
  } finally {
    await server.stop();
    signalAll(await postgresProcesses(postgres), 'SIGKILL');
    await untilGone(postgres);
    await rm(directory, { recursive: true, force: true });
  }
}

type Page = {
  nodes: { interactionCount: number }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
};
type Run = { pid: number; ended: () => Ended | null; kill: () => Promise<string> };
type Ended = { code: number | null; stdout: string; stderr: string; seconds: number };

class ImportBench {
  readonly #options: Options;
  readonly #directory: string;
  readonly #file: string;
  readonly #holdings: Holdings;
  readonly #server: ServerUnderTest;
  readonly #print: Print;
  readonly #url: string;

  constructor(
    options: Options,
    directory: string,
    file: string,
    holdings: Holdings,
    server: ServerUnderTest,
    print: Print,
  ) {
    this.#options = options;
    this.#directory = directory;
    this.#file = file;
    this.#holdings = holdings;
    this.#server = server;
    this.#print = print;
    this.#url = `http://127.0.0.1:${options.port}`;
  }

  /** Imports the file; the import and the server are killed at even distances of what is stored. */
  async killed(): Promise<void> {
    const { kills, serverKills } = this.#options;
    const memory = createMemoryLog();
    const started = performance.now();
    // The server's deaths lie between those of the import.
    const places = [
      ...Array.from({ length: kills }, (_, n) => ({ share: (n + 1) / (kills + 1), whom: 'import' })),
      ...Array.from({ length: serverKills }, (_, n) => ({ share: (n + 0.5) / serverKills, whom: 'server' })),
    ].sort((a, b) => a.share - b.share);
    let ended: Ended | null = null;
    while (!ended) {
      const run = this.#start();
      let isToDie = false;
      while (!ended && !isToDie) {
        const next = places.shift();
        ended = await this.#until(
          run,
          next ? next.share * this.#holdings.turns : Number.POSITIVE_INFINITY,
          memory,
        );
        if (ended) break;
        isToDie = next?.whom === 'import';
        if (!isToDie) await this.#killServer();
      }
      if (!ended) {
        const stderr = await run.kill();
        this.#print(`the import was killed at ${await this.#stored()} turns: ${lastLine(stderr)}`);
      }
    }
    this.#print(ended.stdout.trim());
    if (ended.code !== 0) throw new Error(`the import ended with ${ended.code}: ${ended.stderr}`);
    const took = Number(seconds(started));
    this.#print(
      `${this.#holdings.turns} turns in ${took} s with all deaths: ${Math.round(this.#holdings.turns / took)} turns/s`,
    );
    for (const line of memory.lines()) this.#print(line);
  }

  async #killServer(): Promise<void> {
    const died = performance.now();
    await this.#server.kill();
    await this.#server.untilReady();
    this.#print(`the server was killed and answered ${seconds(died)} s later`);
  }

  /** Compares what the server has with what the file holds. */
  async compare(): Promise<void> {
    let [turns, conversations] = [0, 0];
    for (let after: string | null = null; ; ) {
      const page = `query ($after: String) { conversations(first: 100, after: $after) { nodes { interactionCount } pageInfo { hasNextPage endCursor } } }`;
      const { nodes, pageInfo }: Page = (await this.#ask(page, { after })).conversations;
      conversations += nodes.length;
      for (const { interactionCount } of nodes) turns += interactionCount;
      after = pageInfo.endCursor;
      if (!pageInfo.hasNextPage) break;
    }
    this.#print(`the server has ${turns} turns in ${conversations} conversations`);
    if (turns !== this.#holdings.turns || conversations !== this.#holdings.conversations)
      throw new Error('that is not what the file holds');
  }

  /** What is known is not stored again: then the number of turns stays, and none is there twice. */
  async again(): Promise<void> {
    const memory = createMemoryLog();
    const ended = await this.#until(this.#start(), Number.POSITIVE_INFINITY, memory);
    this.#print(`again, in ${ended?.seconds.toFixed(1)} s:\n${ended?.stdout.trim()}`);
    for (const line of memory.lines()) this.#print(line);
    const count = (row: string) =>
      Number(new RegExp(`^  ${row} +(\\d+)$`, 'm').exec(ended?.stdout ?? '')?.[1] ?? 0);
    // Of some a database that is slow did not tell in time.
    if (count('replayed') + count('uncertain') !== this.#holdings.turns)
      throw new Error('not all turns were known');
    await this.compare();
  }

  #start(): Run {
    const started = performance.now();
    const script = join(ROOT, 'scripts/import.ts');
    const child: ChildProcess = spawn(process.execPath, [script, this.#file, '--url', this.#url], {
      env: { PATH: process.env.PATH, DATA_DIR: join(this.#directory, 'importer'), NODE_NO_WARNINGS: '1' },
      cwd: this.#directory,
    });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream]?.on('data', (chunk) => {
        output[stream] += chunk;
      });
    const closed = once(child, 'close');
    let ended: Ended | null = null;
    closed.then(([code]) => {
      ended = { code, ...output, seconds: (performance.now() - started) / 1000 };
    });
    return {
      pid: child.pid ?? 0,
      ended: () => ended,
      kill: async () => {
        child.kill('SIGKILL');
        await closed;
        return output.stderr;
      },
    };
  }

  /** Waits until so many turns are stored, or the import has ended. */
  async #until(run: Run, turns: number, memory: ReturnType<typeof createMemoryLog>): Promise<Ended | null> {
    for (;;) {
      if (run.ended()) return run.ended();
      if (Number.isFinite(turns) && (await this.#stored()) >= turns) return null;
      await memory.take({ import: run.pid, server: this.#server.pid ?? 0 });
      await sleep(LOOK_MS);
    }
  }

  async #stored(): Promise<number> {
    const { persistence } = await this.#ask('{ persistence { counters { succeeded } } }');
    return persistence.counters.succeeded;
  }

  // biome-ignore lint/suspicious/noExplicitAny: the answer has the form of its query
  async #ask(query: string, variables = {}): Promise<any> {
    const reply = await fetch(`${this.#url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await reply.json()) as { data?: unknown; errors?: unknown };
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  }
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}

function lastLine(text: string): string {
  return text.trim().split('\n').slice(-3).join(' | ');
}
