import type pg from 'pg';
import type { Logger } from '../log.ts';
import type { SpanStart, Tracing } from '../tracing/tracing.ts';
import { NotPrepared } from './deadline.ts';

/** Who is told of statements. */
export interface ObservedOptions {
  readonly log: Logger;
  /** Statements slower than this (milliseconds) are logged with their name. */
  readonly slowQueryMs: number;
  /** Logs every statement's name and time. Values are never logged. */
  readonly echo: boolean;
  /** Null: it is not prepared yet, and no connection is made for work. */
  readonly expected?: () => unknown;
  /** Absent: nobody follows statements. */
  readonly tracing?: Pick<Tracing, 'isOn' | 'child' | 'bound'>;
  /** Told of each statement that is sent, for tests that count them. */
  readonly onStatement?: (name: string, text: string) => void;
}

/** A pg client that times each statement. Only names and times are logged, because values hold what users said. */
export function observedClient(options: ObservedOptions, base: typeof pg.Client): typeof pg.Client {
  const { log, slowQueryMs, echo, onStatement, expected, tracing } = options;
  return class ObservedClient extends base {
    // biome-ignore lint/suspicious/noExplicitAny: both overloads are passed on unchanged
    override connect(...args: any[]): any {
      if (expected?.() !== null) return super.connect(...(args as []));
      const error = new NotPrepared();
      const [done] = args as [((error: Error) => void)?];
      if (!done) return Promise.reject(error);
      process.nextTick(done, error);
    }

    // biome-ignore lint/suspicious/noExplicitAny: pg's query has a dozen overloads, all passed on unchanged
    override query(...args: any[]): any {
      const name = statementName(args[0]);
      const started = performance.now();
      onStatement?.(
        name,
        typeof args[0] === 'string' ? args[0] : ((args[0] as { text?: string }).text ?? ''),
      );
      const span = tracing?.isOn ? tracing.child(spanOf(args[0])) : null;
      const ended = (error: Failure | null) => {
        const ms = performance.now() - started;
        if (ms > slowQueryMs) log.warn({ statement: name, ms: Math.round(ms) }, 'slow query');
        else if (echo) log.info({ statement: name, ms: Number(ms.toFixed(2)) }, 'sql');
        span?.end(error ? String(error.code ?? 'lost') : null);
      };
      // A pool asks for single statements so.
      const done: unknown = args.at(-1);
      if (typeof done === 'function') {
        args[args.length - 1] = (error: Failure | null, answer: unknown) => {
          ended(error);
          done(error, answer);
        };
        return super.query(...(args as Parameters<pg.Client['query']>));
      }
      const result = super.query(...(args as Parameters<pg.Client['query']>)) as unknown;
      if (result instanceof Promise) result.then(() => ended(null), ended);
      return result;
    }
  };
}

type Failure = { readonly code?: unknown };

function spanOf(query: unknown): Omit<SpanStart, 'parent'> {
  const name = spanName(query);
  return {
    name,
    kind: 'client',
    attributes: { 'db.system.name': 'postgresql', 'db.query.summary': name },
  };
}

/** Of a statement without a name only what it does: its text may hold values. */
function spanName(query: unknown): string {
  const { name, text = '' } =
    typeof query === 'string' ? { text: query } : (query as { name?: string; text?: string });
  return name ?? /^\s*(\w+)/.exec(text)?.[1]?.toLowerCase() ?? 'statement';
}

function statementName(query: unknown): string {
  if (typeof query === 'string') return query.slice(0, 60);
  const { name, text } = query as { name?: string; text?: string };
  return name ?? text?.replace(/\s+/g, ' ').slice(0, 60) ?? 'unnamed';
}
