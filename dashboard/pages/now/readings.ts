import { signal } from '@preact/signals';
import { MetricsRead, type MetricsReadData } from '../../operations.ts';
import { watch } from '../../server/socket.ts';

type Snapshot = MetricsReadData['metrics'];

/** What one moment says; rates are since the moment before, and null where the server began anew. */
export interface Reading {
  readonly at: number;
  readonly requestsPerSecond: number | null;
  readonly turnsPerSecond: number | null;
  readonly cpuPercent: number;
  readonly rssBytes: number;
  readonly databaseConnections: number;
}

export const WINDOW_SECONDS = 900;
const INTERVAL_MS = 1_000;
/** Something was missed between; no line is drawn over it. */
const GAP_SECONDS = 5;

/** The last fifteen minutes, as far as this page was open. */
export const readings = signal<readonly Reading[]>([]);
/** The latest figures as they came. */
export const latest = signal<Snapshot | null>(null);

/** Begins to read; what was read before stays. @returns ends it */
export function watchMetrics(): () => void {
  return watch(MetricsRead, { intervalMs: INTERVAL_MS }, ({ metrics }) => {
    const reading = readingOf(metrics, latest.value);
    latest.value = metrics;
    const oldest = reading.at - WINDOW_SECONDS;
    readings.value = [...readings.value.filter(({ at }) => at >= oldest && at < reading.at), reading];
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
    databaseConnections: now.databaseConnections,
  };
}
