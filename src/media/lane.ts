import { getCompileCacheDir } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Pool } from 'workerpool';
import type { Answer, ChildMethods, ChildSettings } from './child-messages.ts';
import { PROGRAM_FOLDERS } from './programs.ts';

/** The process died, or was ended, before it answered. */
export class LostProcess extends Error {}

const SCRIPT = fileURLToPath(new URL('./child.ts', import.meta.url));
/** A new process has to load its decoders; a busy machine takes long for it. */
const START_TIMEOUT_MS = 60_000;
/** Of JavaScript; pictures lie outside of it. */
const HEAP_MEGABYTES = 192;
/**
 * A process that is larger after a file, or has worked so long (milliseconds), is replaced: decoders don't give all memory
 * back. Many small files are little work: to start a process takes as long as hundreds of them.
 */
const MAX_RESIDENT_BYTES = 160 * 2 ** 20;
const MAX_WORK_MS = 60_000;
/** For the allocator of glibc, others know none of it: threads share what is free, and it goes back to the system. */
const FRUGAL = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072' };

/** One process that reads one file at a time; it starts with the first and is replaced when it is lost or large. */
export class Lane {
  readonly #settings: ChildSettings;
  readonly #log: (text: string) => void;
  #process: { readonly pool: Pool; readonly pid: number } | null = null;
  #workedMs = 0;

  /** @param log what the process writes */
  constructor(settings: ChildSettings, log: (text: string) => void) {
    this.#settings = settings;
    this.#log = log;
  }

  /**
   * @param timeoutMs counted from when the process is ready: starting one may take longer than a file may
   * @throws LostProcess; the signal's reason is for the caller to throw
   */
  async run<T>(
    method: keyof ChildMethods,
    params: unknown[],
    signal: AbortSignal,
    timeoutMs: number,
  ): Promise<T> {
    const { pool, pid } = await this.#ready();
    const began = performance.now();
    let isLate = false;
    const end = () => kill(pid);
    // Not a signal of its own for each file: those stay in memory for as long as a file may take.
    const deadline = setTimeout(() => {
      isLate = true;
      end();
    }, timeoutMs);
    signal.addEventListener('abort', end, { once: true });
    try {
      if (signal.aborted) end();
      const { value, residentBytes } = (await this.#exec(pool, method, params)) as Answer<T>;
      this.#workedMs += performance.now() - began;
      if (residentBytes > MAX_RESIDENT_BYTES || this.#workedMs >= MAX_WORK_MS) await this.end();
      return value;
    } catch (error) {
      if (isAlive(pid) && !signal.aborted && !isLate) throw error;
      this.#process = null;
      const reason = isLate ? `it took more than ${timeoutMs} ms to read` : 'the process that read it died';
      throw new LostProcess(reason, { cause: error });
    } finally {
      clearTimeout(deadline);
      signal.removeEventListener('abort', end);
    }
  }

  /** Ends the process and waits until it is gone. */
  async end(): Promise<void> {
    const ended = this.#process;
    this.#process = null;
    if (!ended) return;
    const gone = this.#exec(ended.pool, 'wait', []).catch(() => undefined);
    kill(ended.pid);
    await gone;
  }

  async #ready(): Promise<{ pool: Pool; pid: number }> {
    const running = this.#process;
    if (running) {
      // It may have died since its last file, which is not the fault of the next.
      const isThere = await this.#exec(running.pool, 'start', [this.#settings]).then(
        () => true,
        () => false,
      );
      if (isThere) return running;
    }
    this.#process = await this.#start();
    this.#workedMs = 0;
    return this.#process;
  }

  async #start(): Promise<{ pool: Pool; pid: number }> {
    const { pool: createPool } = await import('workerpool');
    const pool = createPool(SCRIPT, {
      workerType: 'process',
      maxWorkers: 1,
      emitStdStreams: true,
      forkOpts: {
        execArgv: [`--max-old-space-size=${HEAP_MEGABYTES}`, '--disable-warning=ExperimentalWarning'],
        // It decodes what strangers made: the server's secrets are none of its business.
        env: { PATH: PROGRAM_FOLDERS.join(':'), LC_ALL: 'C', TZ: 'UTC', ...FRUGAL, ...compiled() },
        serialization: 'advanced',
      },
    });
    try {
      const started = pool.exec('start', [this.#settings], { on: (event) => this.#note(event) });
      return { pool, pid: (await started.timeout(START_TIMEOUT_MS)) as number };
    } catch (error) {
      void pool.terminate(true);
      const [reason = ''] = String(error).split('\n');
      throw new LostProcess(`no process to read it could be started: ${reason}`, { cause: error });
    }
  }

  #exec(pool: Pool, method: keyof ChildMethods, params: unknown[]): Promise<unknown> {
    return Promise.resolve(
      pool.exec(method, params, { on: (event) => this.#note(event) }) as PromiseLike<unknown>,
    );
  }

  #note(event: { stdout?: string; stderr?: string }): void {
    this.#log((event.stdout ?? event.stderr ?? '').trim());
  }
}

/** Where the server keeps its code compiled, its readers do, too: that halves what it costs to start one. */
function compiled(): NodeJS.ProcessEnv {
  const directory = getCompileCacheDir();
  return directory === undefined ? {} : { NODE_COMPILE_CACHE: directory };
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
