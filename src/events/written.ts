import type { PoolClient } from 'pg';
import type { EventKind } from './event.ts';

/** Writes an event in the transaction of the change that it tells of; the feed is woken after the commit. */
export async function writeEvent(
  client: PoolClient,
  event: {
    readonly kind: EventKind;
    readonly tenantId: string;
    readonly userId: string | null;
    readonly payload: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  await client.query({
    name: 'write_event',
    text: 'insert into echo_events (tenant_id, user_id, kind, payload) values ($1, $2, $3, $4)',
    values: [event.tenantId, event.userId, event.kind, JSON.stringify(event.payload)],
  });
}
