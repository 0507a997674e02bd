import type { PoolClient } from 'pg';
import { type ForgottenKind, walkOver } from '../db/forgotten.ts';

interface Owner {
  readonly tenantId: string;
  readonly userId: string;
}

/** Takes out what was told of turns that are deleted. */
export async function forgetEvents(
  client: PoolClient,
  { tenantId, userId }: Owner,
  turnIds: readonly string[],
): Promise<void> {
  await client.query({
    name: 'delete_events_of_turns',
    text: 'delete from echo_events where user_id = $1 and tenant_id = $2 and turn_id = any($3::uuid[])',
    values: [userId, tenantId, turnIds],
  });
}

/** Takes out what was told of turns, each with its owner, that were deleted before they were stored: that their saves were deferred. */
export async function forgetEventsOfRefused(
  client: Pick<PoolClient, 'query'>,
  turns: readonly (Owner & { readonly turnId: string })[],
): Promise<void> {
  await client.query({
    name: 'delete_events_of_refused_turns',
    text: `delete from echo_events e using unnest($1::text[], $2::text[], $3::uuid[]) as t(tenant_id, user_id, turn_id)
           where e.tenant_id = t.tenant_id and e.user_id = t.user_id and e.turn_id = t.turn_id
             -- It may have been restored since.
             and not exists (select from echo_unified_interactions i where i.turn_id = e.turn_id)`,
    values: [
      turns.map(({ tenantId }) => tenantId),
      turns.map(({ userId }) => userId),
      turns.map(({ turnId }) => turnId),
    ],
  });
}

/**
 * What was told of turns that are gone.
 *
 * @param unkept the tenant whose turns go without that, and whose events go with their age
 */
export const eventsOfNoTurn = (unkept: string): ForgottenKind => ({
  name: 'events-of-no-turn',
  words: 'events that tell of a turn which is gone',
  walk: walkOver('echo_events', {
    key: 'id',
    type: 'bigint',
    columns: 'id, turn_id, tenant_id, user_id',
    where: `turn_id is not null and tenant_id <> '${unkept}'`,
  }),
  shown: 't.turn_id::text as id, t.tenant_id as "tenantId", t.user_id as "userId"',
  forgotten: 'not exists (select from echo_unified_interactions i where i.turn_id = t.turn_id offset 0)',
  repair: async ({ pool }, rows) => {
    await pool.query({
      name: 'delete_events_of_no_turn',
      text: `delete from echo_events e where e.id = any($1::bigint[]) and e.tenant_id <> '${unkept}' and e.turn_id is not null
               and not exists (select from echo_unified_interactions i where i.turn_id = e.turn_id)`,
      values: [rows.map(({ key }) => key)],
    });
  },
});
