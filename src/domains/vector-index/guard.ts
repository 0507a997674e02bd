import { CircuitState, ConsecutiveBreaker, circuitBreaker, ExponentialBackoff, handleWhen } from 'cockatiel';
import type { Logger } from '../../log.ts';

/** How a service that vectors depend on is doing. */
export interface GuardStatus {
  readonly state: 'up' | 'down';
  /** When the state began; null: up since the start. */
  readonly since: Date | null;
  /** Why it is down; null while it is up. */
  readonly reason: string | null;
}

/** Stands before a service: while it is down nothing is asked of it but, now and then, whether it is back. */
export interface Guard {
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Whether it may be used now; asks the service itself if it was down. */
  available(): Promise<boolean>;
  /** Asks the service, whatever is known of it. */
  check(): Promise<void>;
  status(): GuardStatus;
}

const FIRST_PROBE_MS = 500;
const LAST_PROBE_MS = 5_000;

/**
 * @param options.isOutage whether an error says that the service is down, not that a request was wrong
 * @param options.probe a cheap question that only a working service answers
 */
export function createGuard(options: {
  name: string;
  log: Logger;
  isOutage: (error: unknown) => boolean;
  probe: () => Promise<unknown>;
}): Guard {
  const { name, log } = options;
  let status: GuardStatus = { state: 'up', since: null, reason: null };
  // One failure is enough: it costs nothing to ask before the next batch is taken.
  const isDown = (error: unknown) => error instanceof ProbeFailed || options.isOutage(error);
  const breaker = circuitBreaker(handleWhen(isDown), {
    breaker: new ConsecutiveBreaker(1),
    halfOpenAfter: new ExponentialBackoff({ initialDelay: FIRST_PROBE_MS, maxDelay: LAST_PROBE_MS }),
  });
  breaker.onBreak((failure) => {
    const reason = 'error' in failure ? (failure.error as Error).message : 'failed';
    // Each failed probe opens it again; that is no news.
    if (status.state === 'up') {
      status = { state: 'down', since: new Date(), reason };
      log.warn({ reason }, `${name} is down; turns wait for their vectors`);
    }
    status = { ...status, reason };
  });
  breaker.onReset(() => {
    if (status.state === 'up') return;
    const downMs = Date.now() - (status.since?.getTime() ?? Date.now());
    status = { state: 'up', since: new Date(), reason: null };
    log.info({ downMs }, `${name} is back`);
  });
  const check = () =>
    breaker.execute(async () => {
      await options.probe().catch((error: Error) => {
        throw new ProbeFailed(error.message);
      });
    });
  return {
    run: (work) => breaker.execute(work),
    available: async () => {
      if (breaker.state === CircuitState.Closed) return true;
      return check().then(
        () => true,
        () => false,
      );
    },
    check: () => check().catch(() => undefined),
    status: () => status,
  };
}

/** Whatever a probe fails with, the service is not there. */
class ProbeFailed extends Error {
  override readonly name = 'ProbeFailed';
}
