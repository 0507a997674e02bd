import { createHash } from 'node:crypto';
import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';

/** SHA-256 of who it is, hexadecimal: names folders of files, from which nobody learns whose they are. */
export function digestOf({ tenantId, userId }: Owner): string {
  return createHash('sha256').update(`${tenantId}\0${userId}`).digest('hex');
}

/**
 * Lets one transaction at a time change what a user's insights have to do with each other; held to its end. Whoever
 * stores an insight, tags or forgets one, takes it first.
 */
export async function lockMedia(client: PoolClient, { tenantId, userId }: Owner): Promise<void> {
  await client.query({
    name: 'lock_media',
    text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',
    values: [JSON.stringify(['media', tenantId, userId])],
  });
}
