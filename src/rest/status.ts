import { z } from 'zod';
import { latestActivity } from '../domains/activity/views.ts';
import type { Health } from '../domains/health/health.ts';
import { countVectors, reachedServices } from '../domains/health/reached.ts';
import { interactionStats } from '../domains/interactions/statistics.ts';
import { knownModels } from '../domains/query/catalogue.ts';
import { scopeOf, seesInternals } from '../ground/ownership.ts';
import { decimal, decimalOf, decimalOrNull, now, second, secondOf } from './formats.ts';
import { type Asked, defineRow, READING, type Row } from './row.ts';

const SERVICE = 'echo-brain';
const LATEST_MESSAGES = 10;
const MEBIBYTE = 1_048_576;

const Status = z.enum(['healthy', 'degraded', 'unhealthy']);

const HealthReport = z
  .object({
    status: Status,
    service: z.literal(SERVICE),
    version: z.string(),
    database: z.enum(['connected', 'disconnected']),
    timestamp: second,
    modules: z.record(z.string(), z.string()).describe('Each part and how it is.'),
    services: z.object({
      database: z.boolean(),
      vector_db: z.boolean(),
      llm: z.boolean().describe('False also where no language model is configured.'),
    }),
    metrics: z
      .object({
        requests: z.int().nullable().describe('To these endpoints since the start.'),
        memory_mb: decimal.nullable().describe('Of the process, in MiB.'),
        cpu_percent: decimal.nullable().describe('Of one core, in the last second.'),
        vectors: z.int().nullable(),
        avg_response_ms: decimal.nullable().describe('Null before the first answer.'),
        error_rate: decimal.nullable().describe('Share of answers with a status of 500 or more.'),
      })
      .describe('Null for callers without the permission METRICS, and where it is not known.'),
  })
  .meta({ id: 'Health', description: 'How the server is.' });

const Reached = z
  .object({
    status: z.enum(['up', 'down']),
    latency_ms: decimal.describe('0.0 where it does not answer or is not configured.'),
  })
  .meta({ id: 'ReachedService', description: 'Whether something answers.' });

const Models = z
  .object({
    models: z.array(
      z.object({
        name: z.string(),
        type: z.enum(['chat', 'embedding']),
        provider: z.enum(['configured', 'built-in']),
        levels: z.array(z.string()).describe('For which levels it is asked.'),
        available: z.boolean().nullable().describe('Null: nobody has asked it.'),
      }),
    ),
    provider_answered: z.boolean().describe('False: it did not say which models it has.'),
    timestamp: second,
  })
  .meta({ id: 'Models', description: 'Models that the configured providers have, and the built-in ones.' });

/** How the server is, for whoever may read. */
export const statusRows: readonly Row[] = [
  defineRow({
    method: 'GET',
    at: ['/api/echo/health'],
    group: 'Status',
    summary: 'How the server and its parts are',
    toll: READING,
    gives: HealthReport,
    run: async (asked) => report(asked, await asked.services.health.check()),
  }),
  defineRow({
    method: 'GET',
    at: ['/api/echo/health/detailed'],
    group: 'Status',
    summary: 'What the server works with, and how fast it answers',
    toll: READING,
    gives: z
      .object({
        status: Status,
        services: z.object({ database: Reached, vector_store: Reached, ollama: Reached }),
        uptime_seconds: z.int(),
        version: z.string(),
      })
      .meta({ id: 'DetailedHealth', description: 'What the server works with.' }),
    run: async ({ services }) => {
      const [health, reached] = await Promise.all([services.health.check(), reachedServices(services)]);
      return {
        status: inOlderWords(health.status),
        services: {
          database: shown(reached.database),
          vector_store: shown(reached.vectorStore),
          ollama: shown(reached.languageModel),
        },
        uptime_seconds: Math.floor(health.uptimeSeconds),
        version: health.version,
      };
    },
  }),
  defineRow({
    method: 'GET',
    at: ['/health'],
    group: 'Episodes',
    summary: 'Whether queries are answered',
    toll: READING,
    gives: z
      .object({
        status: z.literal('ok'),
        version: z.string(),
        agent_ready: z.boolean(),
        vector_store_ready: z.boolean(),
      })
      .meta({ id: 'Ready', description: 'Whether queries are answered.' }),
    run: async ({ services }) => {
      const [health, { vectorStore }] = await Promise.all([
        services.health.check(),
        reachedServices(services),
      ]);
      return {
        status: 'ok' as const,
        version: health.version,
        agent_ready: health.status !== 'UNHEALTHY',
        vector_store_ready: vectorStore.isUp,
      };
    },
  }),
  defineRow({
    method: 'GET',
    at: ['/api/echo/stats'],
    group: 'Status',
    summary: 'Counts and times, overall and of 24 hours',
    toll: READING,
    gives: z
      .object({
        stats: z.object({
          total_interactions_24h: z.int(),
          avg_processing_time: decimal,
          unique_conversations_24h: z.int(),
        }),
        statistics: z.array(
          z.object({ model: z.string(), usage_count: z.int(), avg_processing_time: decimal }),
        ),
        total_queries: z.int(),
        timestamp: second,
      })
      .meta({ id: 'Stats', description: 'Figures of turns; times in seconds.' }),
    run: async ({ services, principal }) => {
      const stats = await interactionStats(services.db, scopeOf(principal));
      return {
        stats: {
          total_interactions_24h: stats.last24Hours,
          avg_processing_time: decimalOf(stats.averageProcessingTime),
          unique_conversations_24h: stats.conversations24Hours,
        },
        statistics: stats.models.map((model) => ({
          model: model.model,
          usage_count: model.count,
          avg_processing_time: decimalOf(model.averageProcessingTime),
        })),
        total_queries: stats.total,
        timestamp: now(),
      };
    },
  }),
  defineRow({
    method: 'GET',
    at: ['/api/echo/status'],
    group: 'Status',
    summary: 'What the server did last, newest first',
    toll: READING,
    gives: z
      .object({
        recent_messages: z.array(z.object({ time: second, text: z.string() })),
        agentic_persona: z.string(),
        timestamp: second,
      })
      .meta({ id: 'Activity', description: 'What the server did, in its own words.' }),
    run: async ({ services, principal }) => {
      const lines = await latestActivity(services.db, principal, LATEST_MESSAGES);
      return {
        recent_messages: lines.map(({ at, message }) => ({ time: secondOf(at), text: message })),
        agentic_persona: SERVICE,
        timestamp: now(),
      };
    },
  }),
  defineRow({
    method: 'GET',
    at: ['/api/echo/consciousness/metrics'],
    group: 'Status',
    summary: 'How much was said, and what the server knows of itself',
    toll: READING,
    gives: z
      .object({
        recent_activity: z.int().describe('Turns of the last hour.'),
        total_interactions: z.int(),
        unique_conversations_24h: z.int(),
        status: Status,
        pressure: z.enum(['low', 'elevated', 'high']).describe('How little the server has to spare.'),
        uptime_seconds: z.int(),
        timestamp: second,
      })
      .meta({ id: 'SelfKnowledge', description: 'What the server knows of itself.' }),
    run: async ({ services, principal }) => {
      const stats = await interactionStats(services.db, scopeOf(principal));
      const health = await services.health.check();
      return {
        recent_activity: stats.lastHour,
        total_interactions: stats.total,
        unique_conversations_24h: stats.conversations24Hours,
        status: inOlderWords(health.status),
        pressure: services.pressure.level().toLowerCase() as 'low',
        uptime_seconds: Math.floor(health.uptimeSeconds),
        timestamp: now(),
      };
    },
  }),
  defineRow({
    method: 'GET',
    at: ['/api/echo/models/list', '/api/echo/models'],
    group: 'Status',
    summary: 'Models that the configured providers have, and the built-in ones',
    toll: READING,
    gives: Models,
    run: async ({ services }) => {
      const { models, isProviderAsked } = await knownModels(services);
      return {
        models: models.map(({ name, kind, provider, levels, isAnswering }) => ({
          ...{ name, type: kind, provider, levels: [...levels], available: isAnswering },
        })),
        provider_answered: isProviderAsked,
        timestamp: now(),
      };
    },
  }),
];

/** The older service has no word for what has not been seen to work yet; the modules name it. */
export function inOlderWords(status: Health['status']): z.output<typeof Status> {
  return status === 'UNKNOWN' ? 'degraded' : (status.toLowerCase() as z.output<typeof Status>);
}

async function report(
  { services, principal }: Asked,
  health: Health,
): Promise<z.output<typeof HealthReport>> {
  const isHealthy = (name: string) =>
    health.checks.some((check) => check.name === name && check.status === 'HEALTHY');
  const reached = await reachedServices(services);
  return {
    status: inOlderWords(health.status),
    service: SERVICE,
    version: health.version,
    database: isHealthy('database') ? 'connected' : 'disconnected',
    timestamp: now(),
    modules: Object.fromEntries(health.checks.map(({ name, status }) => [name, status.toLowerCase()])),
    services: {
      database: isHealthy('database'),
      vector_db: reached.vectorStore.isUp,
      llm: reached.languageModel.isUp,
    },
    metrics: seesInternals(principal) ? await figures(services) : NOT_SHOWN,
  };
}

const NOT_SHOWN = {
  ...{ requests: null, memory_mb: null, cpu_percent: null, vectors: null },
  ...{ avg_response_ms: null, error_rate: null },
};

async function figures(services: Asked['services']): Promise<z.output<typeof HealthReport>['metrics']> {
  const { rssBytes, cpuPercent } = services.metrics.snapshot(services.db.connections.totalCount);
  const { requests, failed, seconds } = services.metrics.ofDoor('rest');
  const share = (part: number) => (requests === 0 ? null : part / requests);
  return {
    requests,
    memory_mb: decimalOf(rssBytes / MEBIBYTE),
    cpu_percent: decimalOf(cpuPercent),
    vectors: await countVectors(services),
    avg_response_ms: decimalOrNull(share(seconds * 1_000)),
    error_rate: decimalOrNull(share(failed)),
  };
}

function shown({ isUp, latencyMs }: { isUp: boolean; latencyMs: number }): z.output<typeof Reached> {
  return { status: isUp ? 'up' : 'down', latency_ms: decimalOf(latencyMs) };
}
