import { randomUUID } from 'node:crypto';
import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { NotFound } from '../../errors.ts';
import { SERVER_TENANT } from '../../events/event.ts';
import * as input from '../../ground/input.ts';
import { requireOperator } from '../../ground/ownership.ts';
import type { Outcome } from '../deliveries/channel.ts';
import { targetScopeOf } from '../deliveries/deliveries.ts';
import { noteSent, openTarget } from '../deliveries/outbox.ts';
import { deliveryById } from '../deliveries/reads.ts';
import type { DeliveryRow } from '../deliveries/tables.ts';
import { CHANNEL } from './telling.ts';
import type { AlertMessage, AlertWay } from './ways.ts';

interface Services {
  readonly db: Database;
  readonly alertWays: readonly AlertWay[];
}

const KIND = 'alert.test';
/** For the look at how it is set up and the message together. */
const MOST_MS = 40_000;

/**
 * Sends a message through a channel now, whatever waits for it, also while it is paused.
 *
 * @returns what became of it; it is not tried again
 * @throws Forbidden, NotFound
 */
export async function testAlertChannel(
  { db, alertWays }: Services,
  principal: Principal,
  given: string,
): Promise<DeliveryRow> {
  requireOperator(principal);
  const name = input.parseInput(input.text(100), given, 'name');
  const way = alertWays.find((each) => each.name === name);
  if (!way)
    throw new NotFound('name', 'there is no such channel; alertChannels has those that are configured');
  const deliveryId = randomUUID();
  const at = new Date();
  const outcome = await sendTest(way, testMessage(deliveryId, at));
  const target = { channel: CHANNEL, target: name, tenantId: SERVER_TENANT, userId: null };
  const sent = {
    status: 'status' in outcome ? outcome.status : null,
    error: 'error' in outcome ? outcome.error : null,
    note: outcome.kind === 'DELIVERED' ? outcome.note : undefined,
  };
  await db.transaction(async (client) => {
    await openTarget(client, target, target);
    const delivery = { ...target, deliveryId, order: [KIND], kind: KIND, payload: { at: at.toISOString() } };
    await noteSent(client, delivery, sent);
  });
  const delivery = await deliveryById(db, targetScopeOf(principal), deliveryId);
  if (!delivery) throw new NotFound('name', 'there is no such channel');
  return delivery;
}

async function sendTest(way: AlertWay, message: AlertMessage): Promise<Outcome> {
  const signal = AbortSignal.timeout(MOST_MS);
  const failed = (error: string): Outcome => ({
    ...{ kind: 'FAILED', reach: 'TARGET', status: null, error, retryAfterMs: null },
  });
  try {
    const problem = (await way.check?.(signal)) ?? null;
    return problem === null ? await way.send(message, signal) : failed(problem);
  } catch (error) {
    if (signal.aborted) return failed('it did not answer in time');
    throw error;
  }
}

function testMessage(id: string, at: Date): AlertMessage {
  return {
    ...{ id, type: KIND, at, severity: null },
    subject: 'A test of this channel',
    lines: ['Alerts of Echo Brain arrive here.', at.toISOString()],
    data: { state: 'TEST' },
  };
}
