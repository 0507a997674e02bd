import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';

/** Takes the names out of the audit log that are a user's, or of what was theirs; rows keep their pseudonyms. */
export async function eraseAuditNames(client: PoolClient, { tenantId, userId }: Owner): Promise<void> {
  await client.query({
    name: 'erase_audit_names',
    text: 'delete from echo_audit_names where user_id = $1 and tenant_id = $2',
    values: [userId, tenantId],
  });
}
