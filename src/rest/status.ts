import { interactionStats } from '../domains/interactions/statistics.ts';
import { scopeOf } from '../ground/ownership.ts';
import type { RestRequest } from './request.ts';

/** GET /api/echo/health */
export async function getHealth({ services }: RestRequest) {
  const health = await services.health.check();
  const modules = Object.fromEntries(health.checks.map((check) => [check.name, check.status.toLowerCase()]));
  return {
    // The older service has no word for what has not been seen to work yet; the modules name it.
    status: health.status === 'UNKNOWN' ? 'degraded' : health.status.toLowerCase(),
    service: 'echo-brain',
    version: health.version,
    database: modules.database === 'healthy' ? 'connected' : 'disconnected',
    timestamp: new Date().toISOString(),
    modules,
  };
}

/** GET /api/echo/stats */
export async function getStats({ services, principal }: RestRequest) {
  const stats = await interactionStats(services.db, scopeOf(principal));
  return {
    stats: {
      total_interactions_24h: stats.last24Hours,
      avg_processing_time: stats.averageProcessingTime,
      unique_conversations_24h: stats.conversations24Hours,
    },
    statistics: stats.models.map((model) => ({
      model: model.model,
      usage_count: model.count,
      avg_processing_time: model.averageProcessingTime,
    })),
    total_queries: stats.total,
    timestamp: new Date().toISOString(),
  };
}
