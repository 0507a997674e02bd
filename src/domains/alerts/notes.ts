import type { PoolClient } from 'pg';
import { SERVER_TENANT } from '../../events/event.ts';
import { enqueue, openTarget } from '../deliveries/outbox.ts';
import type { DeliveryRow } from '../deliveries/tables.ts';
import { CHANNEL, firstOpen } from './telling.ts';
import type { AlertMessage, WayName } from './ways.ts';

/** Something that whoever looks after the server reads, which is no alert. */
export interface OperatorNote {
  readonly kind: 'report.daily';
  /** A line that says the most. */
  readonly subject: string;
  readonly lines: readonly string[];
  readonly data: Readonly<Record<string, unknown>>;
}

/** Ways that end at people; the others are read by programs, which wait for alerts. */
const FOR_PEOPLE: readonly WayName[] = ['telegram', 'email'];

/** Whether a way is for messages of a kind. */
export function carries(way: WayName, kind: string): boolean {
  return kind !== 'report.daily' || FOR_PEOPLE.includes(way);
}

/**
 * Puts a note into the outbox, in a transaction of the caller.
 *
 * @param chain ways that are configured, in the order in which they are told
 * @returns the id of the delivery; null: none of them is for people
 */
export async function enqueueNote(
  client: PoolClient,
  chain: readonly WayName[],
  { kind, ...note }: OperatorNote,
): Promise<string | null> {
  const ways = chain.filter((way) => carries(way, kind));
  if (ways.length === 0) return null;
  const common = { channel: CHANNEL, tenantId: SERVER_TENANT, userId: null };
  const target = { ...common, target: await firstOpen(client, ways) };
  await openTarget(client, target, target);
  const [deliveryId] = await enqueue(client, [{ ...target, kind, order: [kind], payload: { ...note } }]);
  return deliveryId ?? null;
}

/** The message of such a delivery. */
export function noteMessage({ deliveryId, kind, payload, createdAt }: DeliveryRow): AlertMessage {
  const { subject, lines, data } = payload as unknown as OperatorNote;
  return { id: deliveryId, type: kind, at: createdAt, severity: null, subject, lines, data };
}
