import pg from 'pg';
import type { Logger } from '../log.ts';
import type { Tracing } from '../tracing/tracing.ts';

/** What all connections have. */
export const ALIKE = { application_name: 'echo-brain', keepAlive: true } as const;
/**
 * Milliseconds that a statement may take. The client's own deadline lies above the server's, so that it only fires when the
 * server is silent.
 */
export const DEADLINES = { statement_timeout: 15_000 } as const;
export const SILENCE_MS = 20_000;

/** Somebody who reads in the place of the database. */
export interface ReadElsewhere {
  /** Whether a statement is to be read there. */
  takes(statement: unknown): boolean;
  /** What a statement gives there, or where that fails, here. @param here sends it to the database itself */
  query(given: readonly unknown[], here: () => Promise<unknown>): Promise<unknown>;
}

interface PoolOptions {
  readonly tracing?: Pick<Tracing, 'bound'>;
  readonly elsewhere?: () => ReadElsewhere | null;
}

/** How many connections pools have, may have, and are asked for, as node-postgres names it. */
export interface Connections {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
  readonly options: { readonly max: number };
}

/** Those of several pools together, as they are when they are asked for. */
export function connectionsOf(pools: readonly Connections[]): Connections {
  const sum = (count: (pool: Connections) => number) => pools.reduce((all, pool) => all + count(pool), 0);
  return {
    get totalCount() {
      return sum((pool) => pool.totalCount);
    },
    get idleCount() {
      return sum((pool) => pool.idleCount);
    },
    get waitingCount() {
      return sum((pool) => pool.waitingCount);
    },
    options: { max: sum((pool) => pool.options.max) },
  };
}

/** A pool whose connections are as others have them, and whose single statements may be read elsewhere. */
export function poolFor({ tracing, elsewhere }: PoolOptions): typeof pg.Pool {
  const base = tracing ? tracedPool(tracing) : pg.Pool;
  if (!elsewhere) return base;
  return class ReadingPool extends base {
    // biome-ignore lint/suspicious/noExplicitAny: all overloads are passed on unchanged
    override query(...given: any[]): any {
      const here = () => super.query(...(given as Parameters<pg.Pool['query']>)) as unknown;
      const reader = elsewhere();
      if (!reader?.takes(given[0]) || typeof given.at(-1) === 'function') return here();
      return reader.query(given, here as () => Promise<unknown>);
    }
  };
}

/** Whoever waited for a connection goes on in their own trace, not in that of who gave it back. */
function tracedPool(tracing: Pick<Tracing, 'bound'>): typeof pg.Pool {
  return class TracedPool extends pg.Pool {
    // biome-ignore lint/suspicious/noExplicitAny: both overloads are passed on unchanged
    override connect(...args: any[]): any {
      const [done] = args;
      return super.connect(...((done ? [tracing.bound(done)] : []) as []));
    }
  };
}

/**
 * Both listeners are needed: an error of an idle client reaches the pool, one of a checked-out client only the
 * client. The error carries the client with all it holds, so only its words are logged; while closing, losses are
 * expected.
 */
export function noteLosses(pool: pg.Pool, log: Logger): void {
  const note = (error: Error & { code?: string }) => {
    if (!pool.ending) log.warn({ reason: error.message, code: error.code }, 'a database connection was lost');
  };
  pool.on('error', note);
  pool.on('connect', (client) => void client.on('error', note));
}
