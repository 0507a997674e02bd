import { z } from 'zod';
import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { isOperators } from '../../ground/ownership.ts';
import type { Courier } from './courier.ts';
import { deliveryById, type TargetScope } from './reads.ts';
import type { DeliveryRow, DeliveryStatus } from './tables.ts';

export interface DeliveryServices {
  readonly db: Database;
  readonly deliveries: Pick<Courier, 'wake'>;
}

const uuid = z.guid({ error: 'must be a UUID' });

/** @throws InvalidInput for what can be no id, so that no statement is run for it */
export const parseUuid = (given: string, field: string): string => input.parseInput(uuid, given, field);

/** A user sees what goes to their own targets, an admin also what goes to those of the tenant; the server's are the operator's. */
export function targetScopeOf(principal: Principal): TargetScope {
  const { tenantId, userId, roles, permissions } = principal;
  const isAdmin = roles.includes('ADMIN') && permissions.includes('ADMIN');
  return { tenantId, userId: isAdmin ? null : userId, system: isAdmin && isOperators(principal) };
}

/**
 * Sends a delivery that was given up again, with all its attempts.
 *
 * @throws InvalidInput for one that waits, or was delivered; NotFound
 */
export function retryDelivery(
  services: DeliveryServices,
  principal: Principal,
  deliveryId: string,
): Promise<DeliveryRow> {
  return change(services, principal, deliveryId, {
    name: 'retry_delivery',
    set: `status = 'PENDING', attempts = 0, due_at = now(), settled_at = null, retried_at = clock_timestamp()`,
    from: ['DEAD', 'DISCARDED'],
    problem: 'only one that is DEAD or DISCARDED can be tried again',
  });
}

/**
 * Gives a delivery up that waits, or that was given up; it is in no list of what failed any more.
 *
 * @throws InvalidInput for one that was delivered or discarded; NotFound
 */
export function discardDelivery(
  services: DeliveryServices,
  principal: Principal,
  deliveryId: string,
): Promise<DeliveryRow> {
  return change(services, principal, deliveryId, {
    name: 'discard_delivery',
    set: `status = 'DISCARDED', settled_at = now(), discarded_at = clock_timestamp()`,
    from: ['PENDING', 'DEAD'],
    problem: 'only one that is PENDING or DEAD can be discarded',
  });
}

async function change(
  { db, deliveries }: DeliveryServices,
  principal: Principal,
  id: string,
  to: {
    readonly name: string;
    readonly set: string;
    readonly from: readonly DeliveryStatus[];
    readonly problem: string;
  },
): Promise<DeliveryRow> {
  const deliveryId = parseUuid(id, 'deliveryId');
  const scope = targetScopeOf(principal);
  const found = await deliveryById(db, scope, deliveryId);
  if (!found) throw new NotFound('deliveryId', 'there is no such delivery');
  const changed = await db.transaction(async (client) => {
    const { rowCount } = await client.query({
      name: to.name,
      text: `update echo_deliveries set ${to.set} where id = $1 and tenant_id = $2 and status = any($3)`,
      values: [found.id, found.tenantId, to.from],
    });
    return rowCount !== 0;
  });
  const now = await deliveryById(db, scope, deliveryId);
  if (!now) throw new NotFound('deliveryId', 'there is no such delivery');
  if (!changed) throw new InvalidInput('deliveryId', `the delivery is ${now.status}; ${to.problem}`);
  deliveries.wake();
  return now;
}
