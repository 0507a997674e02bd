import { z } from 'zod';
import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { requireAdmin } from '../../ground/ownership.ts';

/** Keys that are marked at once. */
export const MAX_REVIEWED = 100;

const KeyIds = z
  .array(z.string().regex(/^[0-9a-f]{12}$/, { error: 'must be the public part of a key' }), {
    error: 'must be a list',
  })
  .min(1, 'must name at least one key')
  .max(MAX_REVIEWED, `must name at most ${MAX_REVIEWED} keys`)
  .transform((ids) => [...new Set(ids)]);

/** When a key was looked at. */
export interface Reviewed {
  readonly keyId: string;
  readonly reviewedAt: Date;
}

/**
 * Says that somebody looked whether keys should still open what they open; all of them or none.
 *
 * @throws Forbidden, InvalidInput, NotFound (the tenant has no such key, or it is revoked)
 */
export async function reviewAccess(
  { db, compliance }: { readonly db: Database; readonly compliance: { now(): Date } },
  principal: Principal,
  given: readonly string[],
): Promise<Reviewed[]> {
  requireAdmin(principal);
  const keyIds = input.parseInput(KeyIds, given, 'keyIds');
  return db.transaction(async (client) => {
    const { rows } = await client.query<{ keyId: string; userId: string }>({
      name: 'keys_to_review',
      text: `select key_id as "keyId", user_id as "userId" from echo_api_keys
             where tenant_id = $1 and key_id = any($2) and revoked_at is null order by id for key share`,
      values: [principal.tenantId, keyIds],
    });
    const found = new Set(rows.map(({ keyId }) => keyId));
    const missing = keyIds.findIndex((keyId) => !found.has(keyId));
    if (missing >= 0) throw new NotFound(`keyIds.${missing}`, 'there is no such key');
    const reviewedAt = compliance.now();
    await client.query({
      name: 'review_access',
      text: `insert into access_reviews (tenant_id, user_id, key_id, reviewed_at, reviewed_by)
             select $1, k.holder, k.id, $4, $5 from unnest($2::text[], $3::text[]) as k(holder, id)`,
      values: [
        principal.tenantId,
        ...[rows.map(({ userId }) => userId), rows.map(({ keyId }) => keyId)],
        ...[reviewedAt, principal.userId],
      ],
    });
    return rows.map(({ keyId }) => ({ keyId, reviewedAt }));
  });
}
