import { openAlertDesk } from '../domains/alerts/parts.ts';
import { openBackups } from '../domains/backups/parts.ts';
import { openCompliance } from '../domains/compliance/parts.ts';
import { openDeliveries } from '../domains/deliveries/parts.ts';
import { openFactVectors } from '../domains/fact-vectors/parts.ts';
import { openFacts } from '../domains/facts/parts.ts';
import { openFlags } from '../domains/flags/parts.ts';
import { openCanary } from '../domains/health/parts.ts';
import { openKnowledgeBase } from '../domains/knowledge-base/parts.ts';
import { openLearning } from '../domains/learning/parts.ts';
import { openNotion } from '../domains/notion/parts.ts';
import { openQuery } from '../domains/query/parts.ts';
import { openSchedules } from '../domains/schedules/parts.ts';
import { openWebhooks } from '../domains/webhooks/parts.ts';
import type { Services } from '../graphql/context.ts';
import type { Ports } from '../ground/ports.ts';
import type { ClosingStack } from '../jobs/ending.ts';

/** What stands when these domains open. */
export type Standing = Ports &
  Pick<
    Services,
    | 'access'
    | 'activity'
    | 'alerts'
    | 'audit'
    | 'characters'
    | 'embedder'
    | 'embeddingPriority'
    | 'indexWorker'
    | 'meaning'
    | 'metrics'
    | 'persistence'
    | 'pressure'
    | 'quotas'
    | 'reconciler'
    | 'reranking'
    | 'store'
    | 'tasks'
    | 'tenants'
    | 'texts'
    | 'tombstones'
    | 'vectors'
    | 'vectorWorker'
  >;

/**
 * Opens the domains on which no other one stands; each adds its parts to `Services`. They close before all others. The
 * canary is the last: it goes through what the others do, and a stop is no danger.
 */
export async function openDomains(parts: Standing, closing: ClosingStack) {
  const deliveries = openDeliveries(parts, closing);
  await openKnowledgeBase({ ...parts, ...deliveries }, closing);
  return {
    ...deliveries,
    ...(await openNotion({ ...parts, ...deliveries }, closing)),
    ...(await openAlertDesk({ ...parts, ...deliveries }, closing)),
    ...(await openWebhooks({ ...parts, ...deliveries }, closing)),
    ...(await openQuery(parts)),
    ...openSchedules(parts, closing),
    ...openFacts(parts, closing),
    ...openFactVectors(parts, closing),
    ...openFlags(parts),
    ...openCompliance(parts),
    ...(await openBackups(parts, closing)),
    ...openLearning(parts),
    ...openCanary(parts, closing),
  };
}
