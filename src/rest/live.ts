import { z } from 'zod';
import { liveMetrics, MAX_INTERVAL_MS, MIN_INTERVAL_MS, USUAL_INTERVAL_MS } from '../domains/metrics/live.ts';
import type { MetricsSnapshot } from '../domains/metrics/metrics.ts';
import { decimal, decimalOf, second, secondOf, wholeWithin } from './formats.ts';
import { type Asked, defineStream, type Row, WATCHING } from './row.ts';

const interval = wholeWithin(MIN_INTERVAL_MS, MAX_INTERVAL_MS).optional();

const Snapshot = z
  .object({
    timestamp: second.describe('When they were read.'),
    uptime_seconds: z.int(),
    cpu_percent: decimal.describe('Of one core, in the last second.'),
    memory_rss_bytes: z.int().describe('Of the process, without its database.'),
    heap_used_bytes: z.int().describe('JavaScript heap in use.'),
    event_loop_delay_ms: decimal.describe('How late timers were on average in the last second.'),
    system_memory_used_bytes: z.int(),
    system_memory_total_bytes: z.int(),
    load_average_1m: decimal.describe('0.0 on Windows.'),
    cpu_count: z.int(),
    turns_stored: z.int().describe('Since the start, as all that follows but the connections.'),
    turns_replayed: z.int().describe('Turns that were sent again.'),
    requests: z.int(),
    database_connections: z.int().describe('Open now.'),
  })
  .meta({ id: 'LiveMetrics', description: 'Figures of the server: the JSON after `data:`.' });

/** What is told again and again, to programs that only read lines. */
export const liveRows: readonly Row[] = [
  defineStream({
    method: 'GET',
    at: ['/api/echo/metrics/stream'],
    group: 'System',
    summary: 'Figures of the server, again and again, until the caller leaves (server-sent events)',
    toll: WATCHING,
    lasts: true,
    query: z.object({
      interval_ms: interval.describe(
        `Milliseconds between two events, ${MIN_INTERVAL_MS} to ${MAX_INTERVAL_MS}; absent: ${USUAL_INTERVAL_MS}.`,
      ),
      intervalMs: interval.describe('The same, as the subscription in GraphQL calls it.'),
    }),
    gives: Snapshot,
    run: ({ services, query, signal }) =>
      snapshots(services, query.interval_ms ?? query.intervalMs ?? USUAL_INTERVAL_MS, signal),
  }),
];

async function* snapshots(
  services: Asked['services'],
  intervalMs: number,
  signal: AbortSignal,
): AsyncGenerator<z.output<typeof Snapshot>> {
  for await (const snapshot of liveMetrics(services, intervalMs, signal)) yield inOlderWords(snapshot);
}

function inOlderWords(snapshot: MetricsSnapshot): z.output<typeof Snapshot> {
  return {
    timestamp: secondOf(snapshot.at),
    uptime_seconds: Math.floor(snapshot.uptimeSeconds),
    cpu_percent: decimalOf(snapshot.cpuPercent),
    memory_rss_bytes: snapshot.rssBytes,
    heap_used_bytes: snapshot.heapUsedBytes,
    event_loop_delay_ms: decimalOf(snapshot.eventLoopDelayMs),
    system_memory_used_bytes: snapshot.systemMemoryUsedBytes,
    system_memory_total_bytes: snapshot.systemMemoryTotalBytes,
    load_average_1m: decimalOf(snapshot.loadAverage1m),
    cpu_count: snapshot.cores,
    turns_stored: snapshot.turnsStored,
    turns_replayed: snapshot.turnsReplayed,
    requests: snapshot.requests,
    database_connections: snapshot.databaseConnections,
  };
}
