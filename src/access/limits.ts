import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterPostgres,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import type { Availability } from '../db/availability.ts';
import type { Database } from '../db/client.ts';
import { within } from '../db/deadline.ts';
import { RateLimited } from '../errors.ts';
import { mayActForOthers, type Principal } from './principals.ts';

export const RATE_CLASSES = ['READ', 'WRITE', 'HEAVY'] as const;
/** What kind of work an operation is: reading, storing, or asking a model and going through much data. */
export type RateClass = (typeof RATE_CLASSES)[number];

/** Per user and minute: points of complexity that may be read, writes, and heavy operations. */
export type RateLimitOptions = Readonly<Record<RateClass, number>>;

const SECONDS = 60;
/** Events have the same limit by the minute, in shorter steps, because whoever is over it waits. */
const EVENT_SECONDS = 10;
/** Who works for many users gets so many times as much. */
const FOR_MANY = 20;
/** Refused credentials from one address, per minute, before each further one is answered late, in milliseconds. */
const FAILURES = 60;
const FAILURE_DELAY_MS = 1_000;

/** Milliseconds that a shared count may take, before this process counts for itself. */
const SHARED_DEADLINE_MS = 500;

/** Where counts are kept that several servers share. */
export interface SharedStore {
  readonly db: Pick<Database, 'pool'>;
  readonly availability: Pick<Availability, 'isUp'>;
}

/** What callers may ask for in a minute. Keys and tokens of one user share their limits. */
export class RateLimits {
  readonly #usual: Readonly<Record<RateClass, RateLimiterAbstract>>;
  readonly #forMany: Readonly<Record<RateClass, RateLimiterAbstract>>;
  /** Of this process alone: a statement for each event would cost more than most events. */
  readonly #events: RateLimiterAbstract;
  readonly #eventsForMany: RateLimiterAbstract;
  /** Of this process alone: whoever tries keys must not keep the database busy with it. */
  readonly #failures = new RateLimiterMemory({ points: FAILURES, duration: SECONDS });

  /** @param shared null: this process counts for itself */
  constructor(options: RateLimitOptions, shared: SharedStore | null) {
    const limiters = (prefix: string, factor: number) => {
      const limiter = (kind: RateClass) => createLimiter(prefix + kind, options[kind] * factor, shared);
      return { READ: limiter('READ'), WRITE: limiter('WRITE'), HEAVY: limiter('HEAVY') };
    };
    this.#usual = limiters('', 1);
    this.#forMany = limiters('MANY_', FOR_MANY);
    const events = (factor: number) =>
      new RateLimiterMemory({
        points: Math.ceil((options.READ * factor * EVENT_SECONDS) / SECONDS),
        duration: EVENT_SECONDS,
      });
    this.#events = events(1);
    this.#eventsForMany = events(FOR_MANY);
  }

  /** Takes points of the caller's. The local admin has no limits. @throws RateLimited */
  async take(principal: Principal, kind: RateClass, points: number): Promise<void> {
    if (principal.credential === null || points === 0) return;
    const limiter = (mayActForOthers(principal) ? this.#forMany : this.#usual)[kind];
    await consume(
      limiter,
      nameless(JSON.stringify([principal.tenantId, principal.userId])),
      points,
      () => `more than ${limiter.points} ${UNITS[kind]} in a minute`,
    );
  }

  /** Takes points for an event, and waits for them where they are used up: events are late then, not lost. */
  async waitForEvent(principal: Principal, points: number, signal: AbortSignal): Promise<void> {
    if (principal.credential === null) return;
    const limiter = mayActForOthers(principal) ? this.#eventsForMany : this.#events;
    const key = nameless(JSON.stringify([principal.tenantId, principal.userId]));
    while (!signal.aborted) {
      try {
        await limiter.consume(key, Math.min(points, limiter.points));
        return;
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        await setTimeout(refusal.msBeforeNext, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  }

  /**
   * Notes that an address showed something that nobody knows. Beyond the limit the answer is late, so that guessing is
   * slow; what is known is never asked for here, so that nobody is shut out by their neighbours.
   *
   * @throws RateLimited for an address that showed too many such things
   */
  async noteFailure(address: string): Promise<void> {
    const { consumedPoints, msBeforeNext } = await this.#failures.penalty(address);
    if (consumedPoints <= FAILURES) return;
    await setTimeout(FAILURE_DELAY_MS, undefined, { ref: false });
    throw new RateLimited('too many credentials from this address were refused', msBeforeNext);
  }
}

const UNITS: Record<RateClass, string> = {
  READ: 'points of reading',
  WRITE: 'writes',
  HEAVY: 'heavy operations',
};

async function consume(
  limiter: RateLimiterAbstract,
  key: string,
  points: number,
  what: () => string,
): Promise<void> {
  try {
    // Beyond the limit it makes no difference how far, and the count stays a number that can be kept.
    await limiter.consume(key, Math.min(points, limiter.points + 1));
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    throw new RateLimited(what(), refusal.msBeforeNext);
  }
}

/** Counts in PostgreSQL; while that is away, or slow, each process counts for itself: never nobody. */
function createLimiter(keyPrefix: string, points: number, shared: SharedStore | null): RateLimiterAbstract {
  const own = new RateLimiterMemory({ keyPrefix, points, duration: SECONDS });
  if (!shared) return own;
  const { db, availability } = shared;
  const query = (statement: { name: string; text: string; values: unknown[] }) =>
    availability.isUp
      ? within(db.pool.query(statement), SHARED_DEADLINE_MS, 'the count took too long')
      : Promise.reject(new Error('the database is away'));
  return new RateLimiterPostgres({
    storeClient: { query },
    storeType: 'pool',
    tableName: 'echo_rate_limits',
    tableCreated: true,
    keyPrefix,
    points,
    duration: SECONDS,
    // Who is known to have had enough is refused without asking again.
    inMemoryBlockOnConsumed: points,
    insuranceLimiter: own,
  });
}

/** Counts may lie in the database for an hour: without names. */
function nameless(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}
