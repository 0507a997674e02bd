import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import type { ModelRouter } from '../../models/router.ts';
import type { TurnStore } from '../interactions/store.ts';
import { oldestWithoutVector } from '../memory/vector-coverage.ts';
import type { VectorWorker } from '../memory/vector-worker.ts';
import type { Canary } from './canary.ts';

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

export interface HealthServices {
  readonly db: Database;
  readonly availability: Availability;
  readonly store: TurnStore;
  readonly models: ModelRouter;
  readonly vectorWorker: VectorWorker;
  readonly canary: Canary;
  readonly version: string;
  readonly config: { readonly ackPolicy: 'journal' | 'strict' };
}

/** Bounds within which the promises count as kept. */
export const MAX_BACKLOG_AGE_MS = 10_000;
export const MAX_VECTOR_LAG_SECONDS = 60;
export const JOURNAL_WARNING_SHARE = 0.8;

/** How the promises stand, asked of the parts now: as bad as the worst of them. */
export async function checkHealth(services: HealthServices): Promise<Health> {
  const checks = [
    await checkDatabase(services),
    checkJournal(services.store),
    await checkVectors(services),
    checkCanary(services.canary),
    checkModels(services.models),
  ];
  const worst = (['UNHEALTHY', 'DEGRADED'] as const).find((status) =>
    checks.some((check) => check.status === status),
  );
  return { status: worst ?? 'HEALTHY', version: services.version, uptimeSeconds: process.uptime(), checks };
}

/** Without the database turns are kept in the journal, unless only commits count; reads fail either way. */
async function checkDatabase({ availability, db, config }: HealthServices): Promise<HealthCheck> {
  const latencyMs = await availability.tolerate(() => db.ping(), null);
  if (latencyMs !== null) return { name: 'database', status: 'HEALTHY', latencyMs, detail: null };
  const [status, consequence] =
    config.ackPolicy === 'strict'
      ? (['UNHEALTHY', 'nothing is accepted'] as const)
      : (['DEGRADED', 'turns are kept in the journal'] as const);
  return {
    name: 'database',
    status,
    latencyMs: null,
    detail: `does not answer since ${availability.changedAt.toISOString()}; ${consequence}`,
  };
}

function checkJournal(store: TurnStore): HealthCheck {
  const { depth, oldestAt, bytes, maxBytes, failure } = store.backlog;
  const ageMs = oldestAt === null ? 0 : Date.now() - oldestAt;
  const detail =
    failure ??
    `${depth} entries wait, the oldest for ${Math.round(ageMs / 1000)} s; ${bytes} of ${maxBytes} bytes in use`;
  const isLate = ageMs > MAX_BACKLOG_AGE_MS || bytes > maxBytes * JOURNAL_WARNING_SHARE;
  return {
    name: 'journal',
    status: failure ? 'UNHEALTHY' : isLate ? 'DEGRADED' : 'HEALTHY',
    latencyMs: null,
    detail,
  };
}

async function checkVectors({ availability, db, vectorWorker }: HealthServices): Promise<HealthCheck> {
  const { store, embedder } = vectorWorker.stats();
  const problems = [
    ...(store.state === 'down' ? [`the vector store does not answer (${store.reason})`] : []),
    ...(embedder.state === 'down' ? [`the embedding model does not answer (${embedder.reason})`] : []),
  ];
  const lagSeconds = await availability.tolerate(() => oldestWithoutVector(db), null);
  if (lagSeconds === null) problems.push('coverage is unknown without the database');
  else if (lagSeconds > MAX_VECTOR_LAG_SECONDS)
    problems.push(`a turn has waited ${Math.round(lagSeconds)} s for its vector`);
  return {
    name: 'vectors',
    status: problems.length > 0 ? 'DEGRADED' : 'HEALTHY',
    latencyMs: null,
    detail: problems.join('; ') || 'every turn has its vector, or gets it now',
  };
}

function checkCanary({ last }: Canary): HealthCheck {
  if (!last) return { name: 'canary', status: 'HEALTHY', latencyMs: null, detail: 'has not run yet' };
  return {
    name: 'canary',
    status: last.ok ? 'HEALTHY' : 'DEGRADED',
    latencyMs: last.tookMs,
    detail: `${last.at.toISOString()}: ${last.problem ?? 'written, read, embedded, found, erased'}`,
  };
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
