import type { ClientBase } from 'pg';

/** Lets the words of all turns be indexed, where the index was left out of what was loaded. */
export async function queueAllTurns(client: Pick<ClientBase, 'query'>): Promise<void> {
  await client.query({
    name: 'index_all_turns',
    text: `insert into echo_index_queue (interaction_id, tenant_id, user_id)
           select id, tenant_id, user_id from echo_unified_interactions on conflict do nothing`,
  });
}
