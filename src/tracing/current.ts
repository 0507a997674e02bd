import { AsyncLocalStorage } from 'node:async_hooks';

/** A place in a trace (W3C Trace Context): what begins there is a child of it. */
export interface TracePlace {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Whether somebody wants to see the trace. */
  readonly sampled: boolean;
}

const storage = new AsyncLocalStorage<TracePlace>();

/** Where the running work is; null: nobody follows it. */
export function currentPlace(): TracePlace | null {
  return storage.getStore() ?? null;
}

export function at<T>(place: TracePlace, work: () => T): T {
  return storage.run(place, work);
}

const FORM = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
/** Longer ones are of nobody who keeps to the standard. */
const MAX_LENGTH = 200;

/** @returns null for a header that is none, or that is of another form: then a trace begins here */
export function readTraceparent(header: string | string[] | undefined): TracePlace | null {
  if (typeof header !== 'string' || header.length > MAX_LENGTH) return null;
  const [, traceId, spanId, flags = '0'] = FORM.exec(header) ?? [];
  if (!traceId || !spanId) return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function traceparentOf({ traceId, spanId, sampled }: TracePlace): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}
