import { randomUUID } from 'node:crypto';
import type { Logger } from '../log.ts';

export interface KeeperStatus {
  readonly name: string;
  readonly state: 'IDLE' | 'RUNNING' | 'FAILING' | 'STOPPED';
  readonly lastRoundAt: Date | null;
  /** Why the last round failed; null if it did not. */
  readonly lastError: string | null;
}

export interface KeeperOptions {
  readonly name: string;
  /** Milliseconds from the end of a round to the next; a function is asked each time. */
  readonly everyMs: number | (() => number);
  /** May throw: the next round comes all the same. */
  readonly round: () => unknown;
  readonly log: Logger;
  /** Told when rounds begin to fail, and when they succeed again (null). */
  readonly onTrouble?: (problem: string | null) => void;
}

export interface Keeper {
  readonly status: KeeperStatus;
  /** The first round comes after the interval. May be called repeatedly. */
  start(): void;
  /** The next round comes now, or right after the one under way. */
  wake(): void;
  /** Waits for the round under way; none comes after it. */
  stop(): Promise<void>;
}

/** After failures rounds come more rarely, but at least so often (or at their own interval, if that is longer). */
const MAX_BACK_OFF_MS = 10_000;

/** Something that goes round in the background, one round at a time. No round can end the process or the going round. */
export function createKeeper(options: KeeperOptions): Keeper {
  const { name, log, onTrouble } = options;
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> | null = null;
  let [started, stopped, woken] = [false, false, false];
  let failures = 0;
  let lastRoundAt: Date | null = null;
  let lastError: string | null = null;

  const note = (problem: string | null) => {
    try {
      onTrouble?.(problem);
    } catch (error) {
      log.error({ err: error, keeper: name }, 'whoever is told of the trouble of a background round failed');
    }
  };
  const run = async () => {
    try {
      // Asked later even if it throws at once: `running` is known by then.
      await Promise.resolve().then(options.round);
      if (lastError !== null) {
        log.info({ keeper: name, failures }, 'background rounds succeed again');
        note(null);
      }
      [failures, lastError] = [0, null];
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      // Whole once; the same again is only counted.
      if (problem !== lastError)
        log.error({ err: error, keeper: name, correlationId: randomUUID() }, 'a background round failed');
      failures++;
      if (lastError === null) note(problem);
      lastError = problem;
    }
    lastRoundAt = new Date();
    running = null;
    if (!stopped) schedule();
  };
  const schedule = () => {
    const interval = typeof options.everyMs === 'number' ? options.everyMs : options.everyMs();
    const backedOff = Math.min(interval * 2 ** Math.min(failures, 16), Math.max(interval, MAX_BACK_OFF_MS));
    timer = setTimeout(
      () => {
        timer = null;
        woken = false;
        running = run();
      },
      woken ? 0 : backedOff,
    );
    timer.unref();
  };
  return {
    get status(): KeeperStatus {
      const state = stopped ? 'STOPPED' : lastError !== null ? 'FAILING' : running ? 'RUNNING' : 'IDLE';
      return { name, state, lastRoundAt, lastError };
    },
    start: () => {
      if (!started && !stopped) schedule();
      started = true;
    },
    wake: () => {
      woken = true;
      if (!timer || stopped) return;
      clearTimeout(timer);
      schedule();
    },
    stop: async () => {
      stopped = true;
      if (timer) clearTimeout(timer);
      timer = null;
      await running;
    },
  };
}
