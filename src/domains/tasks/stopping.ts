import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { takeAway } from './changes.ts';

/**
 * Takes all tasks of a user from whoever is at them, or waits for them, of whatever type: whoever adds one that writes what is
 * erased has nothing to remember. In the transaction of `client`; from its commit on none of their attempts writes anything.
 */
export async function takeAllAway(client: PoolClient, owner: Owner): Promise<void> {
  const { rows } = await client.query<{ type: string }>({
    name: 'open_task_types',
    text: `select distinct task_type as type from autonomous_tasks
           where user_id = $1 and tenant_id = $2 and status in ('PENDING', 'RUNNING')`,
    values: [owner.userId, owner.tenantId],
  });
  const types = rows.map(({ type }) => type);
  await takeAway(client, owner, types);
}
