import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Finding } from './findings.ts';

export interface ServerOptions {
  /** The file that is run. */
  readonly program: string;
  readonly dataDirectory: string;
  readonly port: number;
  readonly logFile: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly report: (finding: Finding) => void;
}

const READY_LIMIT_MS = 90_000;
const STOP_LIMIT_MS = 30_000;
const POLL_MS = 10;
/** A server that ends by itself so often in a row is not started any more. */
const MAX_DEATHS = 4;

/** What `npm start` tells Node, so that the memory that is looked at is that of the product. */
const STARTED_WITH = optionsOf(
  (
    JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      scripts: { start: string };
    }
  ).scripts.start,
);

/** The server under test: a child process that is started again and again on one data directory. */
export class ServerUnderTest {
  readonly #options: ServerOptions;
  readonly #log: number;
  #program: string;
  #environment: Readonly<Record<string, string>>;
  #child: ChildProcess | null = null;
  #exited: Promise<void> = Promise.resolve();
  #expected = false;
  #answered = false;
  /** While true, a server that refuses to start is only started again: its database is away. */
  databaseAway = false;
  readonly restartsMs: number[] = [];
  /** How often it ended by itself since it last answered. */
  #deaths = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#program = options.program;
    this.#environment = options.environment;
    this.#log = openSync(options.logFile, 'a');
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** From its next start on it runs another program. @param environment settings that the earlier one was not given */
  become(program: string, environment: Readonly<Record<string, string>> = {}): void {
    this.#program = program;
    this.#environment = { ...this.#environment, ...environment };
  }

  /** @param extra settings for this start only */
  start(extra: Readonly<Record<string, string>> = {}): void {
    const { dataDirectory, port } = this.#options;
    const program = this.#program;
    const child = spawn(process.execPath, [...STARTED_WITH, program], {
      cwd: dirname(program),
      env: {
        PATH: '/usr/bin:/bin',
        HOST: '127.0.0.1',
        PORT: String(port),
        DATA_DIR: dataDirectory,
        LOG_LEVEL: 'warn',
        SEED: 'off',
        ...this.#environment,
        ...extra,
      },
      stdio: ['ignore', this.#log, this.#log],
    });
    this.#child = child;
    this.#expected = false;
    this.#answered = false;
    this.#exited = new Promise((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', (code, signal) => {
        this.#child = null;
        if (!this.#expected && (this.#answered || !this.databaseAway) && ++this.#deaths === 1)
          this.#options.report({
            check: 'server-died',
            conversationId: null,
            detail: `the server ended by itself (${signal ?? `exit code ${code}`}); see ${this.#options.logFile}`,
          });
        resolve();
      });
    });
  }

  /** Ends it in this instant; resolves once it is gone. */
  kill(): Promise<void> {
    this.#expected = true;
    this.#child?.kill('SIGKILL');
    return this.#exited;
  }

  /** Waits for a death that was arranged. @returns false if it did not come within the limit */
  async untilDead(limitMs: number): Promise<boolean> {
    this.#expected = true;
    return Promise.race([this.#exited.then(() => true), delay(limitMs, false, { ref: false })]);
  }

  /** Freezes it, for what has to happen before its death. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  /** Lets one go on that was frozen. */
  goOn(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Asks it to stop, which it must do with exit code 0 within 30 s. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#expected = true;
    child.kill('SIGTERM');
    const stopped = await Promise.race([
      this.#exited.then(() => true),
      delay(STOP_LIMIT_MS, false, { ref: false }),
    ]);
    if (stopped && child.exitCode === 0) return;
    const detail = stopped
      ? `exit ${child.signalCode ?? child.exitCode} after SIGTERM`
      : `no end within ${STOP_LIMIT_MS} ms of SIGTERM`;
    this.#options.report({ check: 'bad-stop', conversationId: null, detail });
    await this.kill();
  }

  /**
   * Waits until it answers; starts it again if it is not running.
   *
   * @param since when it went away, for the record of restart times; absent: not recorded
   * @returns whether it answered within the limit
   */
  async untilReady(since?: number): Promise<boolean> {
    const start = performance.now();
    while (performance.now() - start < READY_LIMIT_MS && this.#deaths < MAX_DEATHS) {
      if (!this.#child) this.start();
      if (await isReady(this.#options.port)) {
        this.#deaths = 0;
        this.#answered = true;
        if (since !== undefined) this.restartsMs.push(performance.now() - since);
        return true;
      }
      // One that refuses to start at once is not started in a tight loop.
      await delay(this.#child ? POLL_MS : 100);
    }
    this.#options.report({
      check: 'no-recovery',
      conversationId: null,
      detail: `the server did not answer again (waited ${Math.round(performance.now() - start)} ms, it ended ${this.#deaths} times by itself); see ${this.#options.logFile}`,
    });
    return false;
  }
}

/** The options of Node in a command. */
export function optionsOf(command: string): string[] {
  return command.split(' ').filter((word) => word.startsWith('--'));
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(
      { host: '127.0.0.1', port, path: '/readyz', timeout: 2_000, agent: false },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      },
    );
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}
