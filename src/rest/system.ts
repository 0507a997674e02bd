import { z } from 'zod';
import { databaseFigures } from '../domains/health/database-figures.ts';
import { type MachineReadings, readMachine } from '../domains/health/machine.ts';
import { requireAdmin, requireOperator } from '../ground/ownership.ts';
import { latestLines } from '../log.ts';
import { decimal, decimalOf, decimalOrNull, now, second, secondOf } from './formats.ts';
import { ADMINISTERING, type Asked, defineRow, type Row, WATCHING } from './row.ts';
import { inOlderWords } from './status.ts';

const GIBIBYTE = 1_073_741_824;
const MEBIBYTE = 1_048_576;

const machineFields = {
  cpu_percent: decimal.nullable().describe('Of all processors together.'),
  memory_percent: decimal,
  memory_used_gb: decimal.describe('GiB.'),
  memory_total_gb: decimal,
};

const Check = z.object({
  name: z.string(),
  status: z.string(),
  latency_ms: decimal.optional().describe('Absent where nothing was asked.'),
  detail: z.string().nullable(),
});

/** Readings of the machine and of the server's inside, for those who run it. */
export const systemRows: readonly Row[] = [
  defineRow({
    method: 'GET',
    at: ['/api/echo/system/metrics'],
    group: 'System',
    summary: 'Readings of the machine; null where it does not say',
    toll: WATCHING,
    gives: z
      .object({
        ...machineFields,
        vram_used_gb: decimal.nullable().describe('Null: the server reads no graphics card.'),
        vram_total_gb: decimal.nullable(),
        brain_state: z
          .enum(['idle', 'thinking', 'strained'])
          .describe('Whether queries are being answered, or little is left to spare.'),
        cognitive_load: decimal.describe(
          'Share of its time in which the server’s thread was at work, 0 to 1.',
        ),
        timestamp: second,
      })
      .meta({ id: 'SystemMetrics', description: 'Readings of the machine.' }),
    run: async ({ services }) => {
      const machine = await readMachine();
      return {
        ...inGibibytes(machine),
        vram_used_gb: null,
        vram_total_gb: null,
        brain_state: stateOf(services),
        cognitive_load: decimalOf(machine.threadBusy),
        timestamp: now(),
      };
    },
  }),
  defineRow({
    method: 'GET',
    at: ['/api/echo/db/stats'],
    group: 'System',
    summary: 'How large the database is, and who is connected to it',
    toll: WATCHING,
    gives: z
      .object({
        database_size: z.string().describe('For people.'),
        database_size_bytes: z.int(),
        active_connections: z.int(),
        echo_brain_tables: z.int(),
        timestamp: second,
      })
      .meta({ id: 'DatabaseStats', description: 'Figures of the database.' }),
    run: async ({ services }) => {
      const { sizeBytes, connections, tables } = await databaseFigures(services.db);
      return {
        database_size: `${(sizeBytes / MEBIBYTE).toFixed(1)} MB`,
        database_size_bytes: sizeBytes,
        active_connections: connections,
        echo_brain_tables: tables,
        timestamp: now(),
      };
    },
  }),
  defineRow({
    method: 'GET',
    at: ['/api/echo/system/resources'],
    group: 'System',
    summary: 'Readings of machine and process; for admins',
    toll: ADMINISTERING,
    gives: z
      .object({
        ...machineFields,
        cpu_count: z.int(),
        load_average_1m: decimal.describe('0.0 on Windows.'),
        process_memory_mb: decimal.describe('MiB, without the database.'),
        process_cpu_percent: decimal.describe('Of one core, in the last second.'),
        event_loop_delay_ms: decimal,
        disk_free_gb: decimal.nullable().describe('At the data directory; null where it is not known.'),
        uptime_seconds: z.int(),
        timestamp: second,
      })
      .meta({ id: 'Resources', description: 'Readings of machine and process.' }),
    run: async ({ services, principal }) => {
      requireAdmin(principal);
      const machine = await readMachine();
      const own = services.metrics.snapshot(services.db.connections.totalCount);
      const disk = services.pressure.state.readings.find(({ name }) => name === 'disk')?.value ?? null;
      return {
        ...inGibibytes(machine),
        cpu_count: machine.cores,
        load_average_1m: decimalOf(own.loadAverage1m),
        process_memory_mb: decimalOf(own.rssBytes / MEBIBYTE),
        process_cpu_percent: decimalOf(own.cpuPercent),
        event_loop_delay_ms: decimalOf(own.eventLoopDelayMs),
        disk_free_gb: decimalOrNull(disk && disk / GIBIBYTE),
        uptime_seconds: Math.floor(own.uptimeSeconds),
        timestamp: now(),
      };
    },
  }),
  defineRow({
    method: 'GET',
    at: ['/api/echo/system/logs'],
    group: 'System',
    summary: 'The last lines of the log, without what else they say; for admins',
    toll: ADMINISTERING,
    gives: z
      .object({
        logs: z.array(z.object({ time: second, level: z.string(), message: z.string() })),
        timestamp: second,
      })
      .meta({ id: 'Logs', description: 'Lines of the log, oldest first.' }),
    run: async ({ services, principal }) => {
      requireOperator(principal);
      const logs = latestLines(services.log).map(({ time, ...line }) => ({
        time: secondOf(new Date(time)),
        ...line,
      }));
      return { logs, timestamp: now() };
    },
  }),
  defineRow({
    method: 'GET',
    at: ['/api/echo/diagnostic'],
    group: 'System',
    summary: 'Every promise of the server and how it stands; for admins',
    toll: ADMINISTERING,
    gives: z
      .object({
        status: z.string(),
        version: z.string(),
        uptime_seconds: z.int(),
        checks: z.array(Check),
        timestamp: second,
      })
      .meta({ id: 'Diagnostic', description: 'Promises and how they stand.' }),
    run: async ({ services, principal }) => {
      requireAdmin(principal);
      const health = await services.health.check();
      return {
        status: inOlderWords(health.status),
        version: health.version,
        uptime_seconds: Math.floor(health.uptimeSeconds),
        checks: health.checks.map(({ name, status, latencyMs, detail }) => ({
          ...{ name, status: status.toLowerCase(), detail },
          ...(latencyMs !== null && { latency_ms: decimalOf(latencyMs) }),
        })),
        timestamp: now(),
      };
    },
  }),
  defineRow({
    method: 'GET',
    at: ['/api/echo/self-test/quick'],
    group: 'System',
    summary: 'Whether every promise of the server is kept; for admins',
    toll: ADMINISTERING,
    gives: z
      .object({
        status: z.enum(['pass', 'fail']),
        passed: z.int(),
        failed: z.int(),
        tests: z.array(z.object({ name: z.string(), passed: z.boolean(), detail: z.string().nullable() })),
        duration_ms: decimal,
        timestamp: second,
      })
      .meta({ id: 'SelfTest', description: 'What is not known to be kept counts as failed.' }),
    run: async ({ services, principal }) => {
      requireAdmin(principal);
      const started = performance.now();
      const { checks } = await services.health.check();
      const tests = checks.map(({ name, status, detail }) => ({
        ...{ name, passed: status === 'HEALTHY', detail },
      }));
      const failed = tests.filter(({ passed }) => !passed).length;
      return {
        status: failed === 0 ? ('pass' as const) : ('fail' as const),
        passed: tests.length - failed,
        failed,
        tests,
        duration_ms: decimalOf(performance.now() - started),
        timestamp: now(),
      };
    },
  }),
];

function inGibibytes({ cpuPercent, memoryUsedBytes, memoryTotalBytes }: MachineReadings) {
  return {
    cpu_percent: decimalOrNull(cpuPercent),
    memory_percent: decimalOf((memoryUsedBytes / memoryTotalBytes) * 100),
    memory_used_gb: decimalOf(memoryUsedBytes / GIBIBYTE),
    memory_total_gb: decimalOf(memoryTotalBytes / GIBIBYTE),
  };
}

function stateOf({ pressure, running }: Asked['services']): 'idle' | 'thinking' | 'strained' {
  if (pressure.level() === 'HIGH') return 'strained';
  return running.size > 0 ? 'thinking' : 'idle';
}
