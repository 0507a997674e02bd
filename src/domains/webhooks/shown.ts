import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import type { Page } from '../../db/statements.ts';
import { targetScopeOf } from '../deliveries/deliveries.ts';
import { type TargetFigures, targetFigures } from '../deliveries/outbox.ts';
import { deliveryPage } from '../deliveries/reads.ts';
import type { DeliveryRow, DeliveryStatus } from '../deliveries/tables.ts';
import type { WebhookRow } from './tables.ts';
import { CHANNEL, targetOf } from './webhooks.ts';

/** How webhooks of a tenant stand, by the numbers of their rows, in order. */
export function figuresOfWebhooks(
  db: Database,
  tenantId: string,
  numbers: readonly number[],
): Promise<TargetFigures[]> {
  return targetFigures(db, tenantId, CHANNEL, numbers.map(String));
}

/** Messages to a webhook, newest first. */
export function deliveriesToWebhook(
  db: Database,
  principal: Principal,
  webhook: WebhookRow,
  status: DeliveryStatus | null | undefined,
  page: Page<number>,
): Promise<DeliveryRow[]> {
  return deliveryPage(db, targetScopeOf(principal), { ...targetOf(webhook), status }, page);
}
