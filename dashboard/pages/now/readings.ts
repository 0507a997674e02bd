import { effect, signal } from '@preact/signals';
import {
  MetricsRead,
  type MetricsReadData,
  RecentMetrics,
  type RecentMetricsData,
} from '../../operations.ts';
import { ask } from '../../server/ask.ts';
import { serverNow } from '../../server/clock.ts';
import { principal } from '../../server/session.ts';
import { watch } from '../../server/socket.ts';

type Snapshot = MetricsReadData['metrics'];

/** What one moment says; rates are since the moment before, and null where the server began anew. */
export interface Reading {
  readonly at: number;
  readonly requestsPerSecond: number | null;
  readonly turnsPerSecond: number | null;
  readonly cpuPercent: number | null;
  readonly rssBytes: number | null;
}

export const WINDOW_SECONDS = 900;
const INTERVAL_MS = 1_000;
/** Something was missed between; no line is drawn over it. */
const GAP_SECONDS = 5;
/** Seconds are kept for so long; of a little less there certainly are some. */
const HELD_SECONDS = WINDOW_SECONDS - 10;

/** The last fifteen minutes. */
export const readings = signal<readonly Reading[]>([]);
let latest: Snapshot | null = null;
// Whoever signs in next begins with nothing.
effect(() => {
  if (!principal.value) readings.value = [];
});

/** Begins to read; what was before, or was missed, the server remembers. @returns ends it */
export function watchMetrics(): () => void {
  let isOver = false;
  const catchUp = async () => {
    const since = new Date(serverNow() - HELD_SECONDS * 1_000).toISOString();
    // What nobody remembers is not drawn; what comes is.
    const held = await ask(RecentMetrics, { since }).catch(() => null);
    if (held && !isOver) merge(readingsOf(held));
  };
  const end = watch(MetricsRead, { intervalMs: INTERVAL_MS }, ({ metrics }) => {
    const reading = readingOf(metrics, latest);
    if (reading.requestsPerSecond === null) void catchUp();
    latest = metrics;
    merge([reading]);
  });
  return () => {
    isOver = true;
    // What comes after a pause begins with what was missed.
    latest = null;
    end();
  };
}

/** What came live stands; what is remembered fills what is missing. The server’s clock counts, also after it was set back. */
function merge(more: readonly Reading[]): void {
  const now = latest ? new Date(latest.at).getTime() / 1_000 : serverNow() / 1_000;
  const bySecond = new Map<number, Reading>();
  for (const reading of [...more, ...readings.value])
    if (
      Math.abs(now - reading.at) <= WINDOW_SECONDS &&
      reading.at < now + GAP_SECONDS &&
      (bySecond.get(Math.floor(reading.at))?.requestsPerSecond ?? null) === null
    )
      bySecond.set(Math.floor(reading.at), reading);
  readings.value = [...bySecond.values()].sort((one, other) => one.at - other.at);
}

function readingsOf({ requests, turns, processor, memory }: RecentMetricsData): Reading[] {
  const valuesOf = ({ points }: typeof requests) => new Map(points.map(({ at, value }) => [at, value]));
  const [stored, used, held] = [turns, processor, memory].map(valuesOf);
  return requests.points.map(({ at, value }) => {
    const ratio = used?.get(at) ?? null;
    return {
      at: new Date(at).getTime() / 1_000,
      requestsPerSecond: value,
      turnsPerSecond: stored?.get(at) ?? null,
      cpuPercent: ratio === null ? null : ratio * 100,
      rssBytes: held?.get(at) ?? null,
    };
  });
}

function readingOf(now: Snapshot, before: Snapshot | null): Reading {
  const at = new Date(now.at).getTime() / 1_000;
  const seconds = before ? at - new Date(before.at).getTime() / 1_000 : 0;
  const isSame =
    before !== null && seconds > 0 && seconds < GAP_SECONDS && now.uptimeSeconds >= before.uptimeSeconds;
  const rate = (value: number, earlier: number | undefined) =>
    isSame && earlier !== undefined ? Math.max(0, (value - earlier) / seconds) : null;
  return {
    at,
    requestsPerSecond: rate(now.requests, before?.requests),
    turnsPerSecond: rate(now.turnsStored, before?.turnsStored),
    cpuPercent: now.cpuPercent,
    rssBytes: now.rssBytes,
  };
}
