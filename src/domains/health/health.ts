import type { Database } from '../../db/client.ts';
import type { ModelRouter } from '../../models/router.ts';

export type CheckStatus = 'HEALTHY' | 'DEGRADED' | 'UNHEALTHY';

export interface HealthCheck {
  readonly name: string;
  readonly status: CheckStatus;
  /** Null where nothing was asked. */
  readonly latencyMs: number | null;
  readonly detail: string | null;
}

export interface Health {
  readonly status: CheckStatus;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly checks: readonly HealthCheck[];
}

interface Services {
  readonly db: Database;
  readonly models: ModelRouter;
  readonly version: string;
}

/** How the server is, asked of its parts now: as bad as its worst part. */
export async function checkHealth(services: Services): Promise<Health> {
  const checks = [await checkDatabase(services.db), checkModels(services.models)];
  const worst = (['UNHEALTHY', 'DEGRADED'] as const).find((status) =>
    checks.some((check) => check.status === status),
  );
  return { status: worst ?? 'HEALTHY', version: services.version, uptimeSeconds: process.uptime(), checks };
}

async function checkDatabase(db: Database): Promise<HealthCheck> {
  try {
    return { name: 'database', status: 'HEALTHY', latencyMs: await db.ping(), detail: null };
  } catch {
    // The error itself is in the log; here it could name hosts.
    return { name: 'database', status: 'UNHEALTHY', latencyMs: null, detail: 'does not answer' };
  }
}

function checkModels(models: ModelRouter): HealthCheck {
  const configured = models.models();
  if (configured.length === 0) {
    return {
      name: 'models',
      status: 'HEALTHY',
      latencyMs: null,
      detail: 'none configured; the built-in answerer answers',
    };
  }
  const failing = configured.filter((model) => model.state !== 'closed').map((model) => model.name);
  return failing.length === 0
    ? {
        name: 'models',
        status: 'HEALTHY',
        latencyMs: null,
        detail: configured.map((model) => `${model.level}=${model.name}`).join(', '),
      }
    : {
        name: 'models',
        status: 'DEGRADED',
        latencyMs: null,
        detail: `failing: ${[...new Set(failing)].join(', ')}`,
      };
}
