import type { Logger } from '../log.ts';

/** Milliseconds that one step may take. */
const STEP_MS = 15_000;

/**
 * Ends what was started, one step after the other. A step that throws or takes too long is logged, and the others come
 * all the same: behind it are files, locks and processes.
 *
 * @returns how many steps failed
 */
export async function endAll(
  steps: readonly (() => unknown)[],
  log: Logger,
  stepMs = STEP_MS,
): Promise<number> {
  let failed = 0;
  for (const step of steps) {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`a step of the stop took more than ${stepMs} ms`)), stepMs);
    });
    try {
      await Promise.race([(async () => step())(), late]);
    } catch (error) {
      failed++;
      log.error({ err: error }, 'a step of the stop failed; the others follow');
    } finally {
      clearTimeout(timer);
    }
  }
  return failed;
}

/** What was opened, to be closed in reverse: a part says how it ends right after it has begun. */
export class ClosingStack {
  readonly #log: Logger;
  readonly #steps: (() => unknown)[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  defer(step: () => unknown): void {
    this.#steps.push(step);
  }

  /** Closes what is open, the latest first. @returns how many steps failed */
  close(): Promise<number> {
    return endAll(this.#steps.splice(0).reverse(), this.#log);
  }
}
