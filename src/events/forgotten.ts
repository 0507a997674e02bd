import type { PoolClient } from 'pg';

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
