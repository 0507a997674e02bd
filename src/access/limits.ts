import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { RateLimited } from '../domains/errors.ts';
import { mayActForOthers, type Principal } from './principals.ts';

export const RATE_CLASSES = ['READ', 'WRITE', 'HEAVY'] as const;
/** What kind of work an operation is: reading, storing, or asking a model and going through much data. */
export type RateClass = (typeof RATE_CLASSES)[number];

/** Per user and minute: points of complexity that may be read, writes, and heavy operations. */
export type RateLimitOptions = Readonly<Record<RateClass, number>>;

const SECONDS = 60;
/** Who works for many users gets so many times as much. */
const FOR_MANY = 20;
/** Refused credentials from one address, per minute, before those nobody knows are not even looked up. */
const FAILURES = 60;

/** What callers may ask for in a minute. Keys and tokens of one user share their limits. */
export class RateLimits {
  readonly #usual: Readonly<Record<RateClass, RateLimiterMemory>>;
  readonly #forMany: Readonly<Record<RateClass, RateLimiterMemory>>;
  readonly #failures = new RateLimiterMemory({ points: FAILURES, duration: SECONDS });

  constructor(options: RateLimitOptions) {
    const limiters = (factor: number) => {
      const limiter = (kind: RateClass) =>
        new RateLimiterMemory({ keyPrefix: kind, points: options[kind] * factor, duration: SECONDS });
      return { READ: limiter('READ'), WRITE: limiter('WRITE'), HEAVY: limiter('HEAVY') };
    };
    this.#usual = limiters(1);
    this.#forMany = limiters(FOR_MANY);
  }

  /** Takes points of the caller's. The local admin has no limits. @throws RateLimited */
  async take(principal: Principal, kind: RateClass, points: number): Promise<void> {
    if (principal.credential === null || points === 0) return;
    const limiter = (mayActForOthers(principal) ? this.#forMany : this.#usual)[kind];
    await consume(
      limiter,
      JSON.stringify([principal.tenantId, principal.userId]),
      points,
      () => `more than ${limiter.points} ${UNITS[kind]} in a minute`,
    );
  }

  /** Notes that an address showed something that nobody knows. */
  async noteFailure(address: string): Promise<void> {
    await this.#failures.penalty(address);
  }

  /** @throws RateLimited for an address that showed too many such things */
  async checkFailures(address: string): Promise<void> {
    const found = await this.#failures.get(address);
    if (found && found.consumedPoints >= FAILURES)
      throw new RateLimited('too many credentials from this address were refused', found.msBeforeNext);
  }
}

const UNITS: Record<RateClass, string> = {
  READ: 'points of reading',
  WRITE: 'writes',
  HEAVY: 'heavy operations',
};

async function consume(
  limiter: RateLimiterMemory,
  key: string,
  points: number,
  what: () => string,
): Promise<void> {
  try {
    await limiter.consume(key, points);
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    throw new RateLimited(what(), refusal.msBeforeNext);
  }
}
