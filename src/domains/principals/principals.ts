import { z } from 'zod';
import type { Access } from '../../access/access.ts';
import { PERMISSIONS, type Principal, ROLES } from '../../access/principals.ts';
import type { ApiKeyRow } from '../../access/tables.ts';
import { NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { requireAdmin } from '../../ground/ownership.ts';

export interface PrincipalServices {
  readonly access: Access;
}

const inFuture = input.instant.refine((at) => at > new Date(), { error: 'must lie in the future' });

const NewKey = z.object({
  name: input.text(100),
  userId: input.userId.nullish(),
  roles: z
    .array(z.enum(ROLES))
    .min(1, 'must name at least one role')
    .max(ROLES.length, `must name at most ${ROLES.length} roles`)
    .nullish()
    .transform((roles) => [...new Set(roles ?? ['USER' as const])]),
  permissions: z
    .array(z.enum(PERMISSIONS))
    .min(1, 'must name at least one permission')
    .max(PERMISSIONS.length, `must name at most ${PERMISSIONS.length} permissions`)
    .nullish(),
  expiresAt: inFuture.nullish(),
});

/**
 * Makes an API key for a user of the caller's tenant.
 *
 * @returns the key, which nobody can ask for again
 * @throws Forbidden, InvalidInput
 */
export async function createApiKey(
  { access }: PrincipalServices,
  principal: Principal,
  given: z.input<typeof NewKey>,
): Promise<{ key: string; row: ApiKeyRow }> {
  requireAdmin(principal);
  const wanted = input.parseInput(NewKey, given);
  return access.apiKeys.create({
    tenantId: principal.tenantId,
    userId: wanted.userId ?? principal.userId,
    name: wanted.name,
    roles: wanted.roles,
    permissions: wanted.permissions ?? null,
    expiresAt: wanted.expiresAt ?? null,
    createdBy: principal.userId,
  });
}

/** Makes a key worthless. @throws Forbidden, NotFound */
export async function revokeApiKey(
  { access }: PrincipalServices,
  principal: Principal,
  keyId: string,
): Promise<ApiKeyRow> {
  requireAdmin(principal);
  // Nothing else is a key, and the database takes no other text.
  const isKeyId = /^[0-9a-f]{12}$/.test(keyId);
  const row = isKeyId ? await access.apiKeys.revoke(principal.tenantId, keyId) : null;
  if (!row) throw new NotFound('keyId', 'there is no such key');
  return row;
}

/** Refuses a token that has not expired. @throws Forbidden, InvalidInput */
export async function revokeToken(
  { access }: PrincipalServices,
  principal: Principal,
  given: { tokenId: string; expiresAt: Date },
): Promise<{ tokenId: string }> {
  requireAdmin(principal);
  const tokenId = input.parseInput(input.text(255), given.tokenId, 'tokenId');
  const expiresAt = input.parseInput(inFuture, given.expiresAt, 'expiresAt');
  await access.revokedTokens.add({
    tokenId,
    expiresAt,
    tenantId: principal.tenantId,
    revokedBy: principal.userId,
  });
  return { tokenId };
}
