import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { wordsOf } from '../../db/meaning.ts';
import type { Reachability } from '../../models/reachability.ts';
import type { ModelRouter } from '../../models/router.ts';
import type { TurnStore } from '../interactions/store.ts';
import type { Reconciler } from '../memory/reconciler.ts';
import { oldestWithoutVector } from '../memory/vector-coverage.ts';
import type { VectorWorker } from '../memory/vector-worker.ts';
import type { Canary } from './canary.ts';

export type CheckStatus = 'HEALTHY' | 'UNKNOWN' | 'DEGRADED' | 'UNHEALTHY';

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
  readonly reconciler: Pick<Reconciler, 'stats'>;
  readonly reach: Reach;
  readonly canary: Canary;
  readonly version: string;
  readonly config: { readonly ackPolicy: 'journal' | 'strict' };
}

/** What lies outside and is asked whether it is there. Null: not configured. */
export interface Reach {
  readonly vectorStore: Reachability;
  readonly embedder: Reachability | null;
  readonly models: Reachability | null;
}

/** How old an answer may be (milliseconds) for who asks. */
export interface Freshness {
  readonly vectorStore: number;
  readonly embedder: number;
  readonly models: number;
}

const ASKED: Freshness = { vectorStore: 5_000, embedder: 10_000, models: 5_000 };
/** For who looks all the time: a request to a model may cost something. */
export const WATCHING: Freshness = { vectorStore: 5_000, embedder: 10_000, models: 60_000 };

/** Bounds within which the promises count as kept. */
export const MAX_BACKLOG_AGE_MS = 10_000;
export const MAX_VECTOR_LAG_SECONDS = 60;
export const JOURNAL_WARNING_SHARE = 0.8;

/** How the promises stand, asked of the parts now, within a second or two: as bad as the worst of them. */
export async function checkHealth(services: HealthServices, freshness = ASKED): Promise<Health> {
  const checks = [
    await guarded('database', () => checkDatabase(services)),
    await guarded('journal', () => checkJournal(services.store)),
    await guarded('vectors', () => checkVectors(services, freshness)),
    await guarded('canary', () => checkCanary(services.canary)),
    await guarded('models', () => checkModels(services, freshness)),
  ];
  const worst = (['UNHEALTHY', 'DEGRADED', 'UNKNOWN'] as const).find((status) =>
    checks.some((check) => check.status === status),
  );
  return { status: worst ?? 'HEALTHY', version: services.version, uptimeSeconds: process.uptime(), checks };
}

/** A check that fails says so; the others are made all the same. */
async function guarded(name: string, check: () => HealthCheck | Promise<HealthCheck>): Promise<HealthCheck> {
  try {
    return await check();
  } catch (error) {
    return { name, status: 'UNHEALTHY', latencyMs: null, detail: `could not be checked: ${wordsOf(error)}` };
  }
}

/** Without the database turns are kept in the journal, unless only commits count; reads fail either way. */
async function checkDatabase({ availability, db, store, config }: HealthServices): Promise<HealthCheck> {
  const latencyMs = await availability.tolerate(() => db.ping(), null);
  const { trouble } = store.backlog;
  if (latencyMs !== null && trouble === null)
    return { name: 'database', status: 'HEALTHY', latencyMs, detail: null };
  const [status, consequence] =
    config.ackPolicy === 'strict'
      ? (['UNHEALTHY', 'nothing is accepted'] as const)
      : (['DEGRADED', 'turns are kept in the journal'] as const);
  return {
    name: 'database',
    status,
    latencyMs,
    detail: availability.isUp
      ? `answers, but takes no turns (${trouble ?? 'it did not answer the last question'}); ${consequence}`
      : `does not answer since ${availability.changedAt.toISOString()}; ${consequence}`,
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

async function checkVectors(services: HealthServices, freshness: Freshness): Promise<HealthCheck> {
  const { availability, db, vectorWorker, reconciler, reach } = services;
  const { store, embedder, lastEmbeddedAt } = vectorWorker.stats();
  const isEmbedding = lastEmbeddedAt !== null && Date.now() - lastEmbeddedAt.getTime() < freshness.embedder;
  const [storeReached, embedderReached] = await Promise.all([
    reach.vectorStore.look(freshness.vectorStore),
    // A model that makes vectors right now needs no question, which would have to wait behind them.
    isEmbedding ? null : reach.embedder?.look(freshness.embedder),
  ]);
  const outside = [
    ['the vector store', storeReached, store],
    ['the embedding model', embedderReached ?? { isUp: true, reason: null }, embedder],
  ] as const;
  const problems = outside.flatMap(([name, { isUp, reason }, guard]) =>
    isUp === false
      ? [`${name} does not answer (${reason})`]
      : guard.state === 'down'
        ? [`${name} does not answer (${guard.reason})`]
        : [],
  );
  const unknown = outside.flatMap(([name, { isUp, reason }]) => (isUp === null ? [`${name} ${reason}`] : []));
  const { trouble } = reconciler.stats();
  if (trouble !== null && problems.length === 0)
    problems.push(`vectors and turns cannot be compared (${trouble})`);
  const lagSeconds = await availability.tolerate(() => oldestWithoutVector(db), null);
  if (lagSeconds === null) problems.push('coverage is unknown without the database');
  else if (lagSeconds > MAX_VECTOR_LAG_SECONDS)
    problems.push(`a turn has waited ${Math.round(lagSeconds)} s for its vector`);
  return {
    name: 'vectors',
    status: problems.length > 0 ? 'DEGRADED' : unknown.length > 0 ? 'UNKNOWN' : 'HEALTHY',
    latencyMs: null,
    detail: [...problems, ...unknown].join('; ') || 'every turn has its vector, or gets it now',
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

async function checkModels({ models, reach }: HealthServices, freshness: Freshness): Promise<HealthCheck> {
  const configured = models.models();
  const check = (status: CheckStatus, detail: string): HealthCheck => ({
    name: 'models',
    status,
    latencyMs: null,
    detail,
  });
  if (configured.length === 0) return check('HEALTHY', 'none configured; the built-in answerer answers');
  const failing = configured.filter((model) => model.state !== 'closed').map((model) => model.name);
  if (failing.length > 0) return check('DEGRADED', `failing: ${[...new Set(failing)].join(', ')}`);
  const reached = await reach.models?.look(freshness.models);
  if (reached?.isUp === false) return check('DEGRADED', `they cannot be reached (${reached.reason})`);
  if (reached?.isUp === null) return check('UNKNOWN', `their server ${reached.reason}`);
  return check('HEALTHY', configured.map((model) => `${model.level}=${model.name}`).join(', '));
}
