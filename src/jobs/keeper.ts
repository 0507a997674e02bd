import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { Logger } from '../log.ts';

export interface KeeperStatus {
  readonly name: string;
  /** Stopped also before it was started: no round comes. */
  readonly state: 'IDLE' | 'RUNNING' | 'FAILING' | 'STOPPED';
  readonly lastRoundAt: Date | null;
  /** Why the last round failed; null if it did not. */
  readonly lastError: string | null;
  /** Rounds in a row that have failed. */
  readonly failures: number;
}

/** Milliseconds; a function is asked each time. Infinity: no round comes until it is woken. */
export type Interval = number | (() => number);

export interface KeeperOptions {
  readonly name: string;
  /** From the end of a round to the next. */
  readonly everyMs: Interval;
  /** The same after a round that failed; without it, rounds that fail come more and more rarely. */
  readonly retryMs?: Interval;
  /** May throw: the next round comes all the same. */
  readonly round: () => unknown;
  readonly log: Logger;
  readonly now: () => Date;
  /** Told when rounds begin to fail, and when they succeed again (null). */
  readonly onTrouble?: (problem: string | null) => void;
}

export interface Keeper {
  readonly status: KeeperStatus;
  /** The first round comes after the interval. May be called repeatedly. */
  start(): void;
  /** The first round comes now. Resolves when it has ended, and never rejects. */
  startNow(): Promise<void>;
  /** The next round comes in so many milliseconds, whatever was planned; after the one under way. */
  wake(inMs?: number): void;
  /** Waits for the round under way; none comes after it. */
  stop(): Promise<void>;
}

/** After failures rounds come more rarely, but at least so often (or at their own interval, if that is longer). */
const MAX_BACK_OFF_MS = 10_000;
/** Longer timers end at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Something that goes round in the background, one round at a time. No round can end the process or the going round.
 * Rounds run for whom the keeper was made, not for whoever woke it.
 */
export function createKeeper(options: KeeperOptions): Keeper {
  const { name, everyMs, retryMs, now } = options;
  const trouble = troubleOf(options);
  const asMade = AsyncLocalStorage.snapshot();
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> | null = null;
  let [started, stopped] = [false, false];
  /** In how many milliseconds somebody wants the next round; null: nobody asked. */
  let wanted: number | null = null;
  let lastRoundAt: Date | null = null;

  /** When the next round comes after one that failed, which is told already: so no error of this question is. */
  const afterFailure = () => {
    try {
      if (retryMs !== undefined) return askedOf(retryMs);
      const interval = askedOf(everyMs);
      return Math.min(interval * 2 ** Math.min(trouble.failures, 16), Math.max(interval, MAX_BACK_OFF_MS));
    } catch {
      return MAX_BACK_OFF_MS;
    }
  };
  /** A round, and the question when the next one comes, which can fail as it can. @returns when that is */
  const attempt = async (round: () => unknown) => {
    try {
      // Asked later even if it throws at once: `running` is known by then.
      await Promise.resolve().then(round);
      const interval = askedOf(everyMs);
      trouble.end();
      return interval;
    } catch (error) {
      trouble.note(error);
      return afterFailure();
    }
  };
  const run = async () => {
    wanted = null;
    const interval = await asMade(attempt, options.round);
    lastRoundAt = now();
    running = null;
    schedule(wanted ?? interval);
  };
  const schedule = (ms: number) => {
    if (timer) clearTimeout(timer);
    timer = null;
    if (stopped || ms === Number.POSITIVE_INFINITY) return;
    const begin = () => {
      timer = null;
      running = run();
    };
    timer = setTimeout(begin, Math.min(ms, MAX_TIMER_MS));
    timer.unref();
  };
  return {
    get status(): KeeperStatus {
      const { failures, lastError } = trouble;
      const isOff = stopped || !started;
      const state = isOff ? 'STOPPED' : lastError !== null ? 'FAILING' : running ? 'RUNNING' : 'IDLE';
      return { name, state, lastRoundAt, lastError, failures };
    },
    start: () => {
      if (started || stopped) return;
      started = true;
      try {
        schedule(wanted ?? askedOf(everyMs));
      } catch (error) {
        trouble.note(error);
        schedule(afterFailure());
      }
    },
    startNow: async () => {
      if (started || stopped) return;
      started = true;
      running = run();
      await running;
    },
    wake: (inMs = 0) => {
      wanted = Math.min(wanted ?? inMs, inMs);
      if (started && !running) schedule(inMs);
    },
    stop: async () => {
      stopped = true;
      if (timer) clearTimeout(timer);
      timer = null;
      await running;
    },
  };
}

/** What is wrong with the rounds: whole in the log once, the same again is only counted. */
function troubleOf({ name, log, onTrouble }: KeeperOptions) {
  let failures = 0;
  let lastError: string | null = null;
  const tell = (problem: string | null) => {
    try {
      onTrouble?.(problem);
    } catch (error) {
      log.error({ err: error, keeper: name }, 'whoever is told of the trouble of a background round failed');
    }
  };
  return {
    get failures() {
      return failures;
    },
    get lastError() {
      return lastError;
    },
    note: (error: unknown) => {
      const problem = error instanceof Error ? error.message : String(error);
      const isNew = lastError === null;
      if (problem !== lastError)
        log.error({ err: error, keeper: name, correlationId: randomUUID() }, 'a background round failed');
      failures++;
      lastError = problem;
      if (isNew) tell(problem);
    },
    end: () => {
      if (lastError === null) return;
      log.info({ keeper: name, failures }, 'background rounds succeed again');
      [failures, lastError] = [0, null];
      tell(null);
    },
  };
}

/** @throws RangeError for what is no time to wait: a timer would take it for none at all */
function askedOf(interval: Interval): number {
  const ms = typeof interval === 'number' ? interval : interval();
  if (!(ms >= 0)) throw new RangeError(`the interval of the rounds must be 0 or more milliseconds, is ${ms}`);
  return ms;
}
