import { Forbidden } from '../errors.ts';

export const ROLES = ['USER', 'ANALYST', 'ADMIN', 'SERVICE'] as const;
export type Role = (typeof ROLES)[number];

export const PERMISSIONS = ['READ', 'WRITE', 'METRICS', 'INTROSPECT', 'ADMIN'] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** How words of this server begin in the `scope` of a token. */
export const SCOPE_PREFIX = 'memory:';

/** What the `scope` of a token calls a permission that is this server's: providers have one list of words for all that they guard. */
export function scopeOf(permission: Permission): string {
  return SCOPE_PREFIX + permission.toLowerCase();
}

/** Who is calling. */
export interface Principal {
  readonly tenantId: string;
  readonly userId: string;
  readonly roles: readonly Role[];
  /** What the caller may do: what the roles allow, as far as the credential was made for it. */
  readonly permissions: readonly Permission[];
  /** How the caller proved who they are; null with access control off. */
  readonly credential: Credential | null;
}

/** What a caller showed. */
export interface Credential {
  readonly kind: 'KEY' | 'TOKEN';
  /** Names it in the audit log: the public part of a key, the id of a token. */
  readonly id: string;
  /** When it is no longer valid; null: never. */
  readonly expiresAt: Date | null;
}

/** Whose rows a read or write may touch. `userId` null: those of any user of the tenant. */
export interface Scope {
  readonly tenantId: string;
  readonly userId: string | null;
}

/** An owner: one user of one tenant. */
export interface Owner {
  readonly tenantId: string;
  readonly userId: string;
}

/** What each role may do, and what a credential of the role may do that was made without naming permissions. */
const ALLOWED: Record<Role, { most: readonly Permission[]; usual: readonly Permission[] }> = {
  USER: { most: ['READ', 'WRITE', 'INTROSPECT'], usual: ['READ', 'WRITE'] },
  SERVICE: { most: ['READ', 'WRITE', 'INTROSPECT'], usual: ['READ', 'WRITE'] },
  ANALYST: { most: ['READ', 'WRITE', 'METRICS', 'INTROSPECT'], usual: ['READ', 'WRITE', 'METRICS'] },
  ADMIN: { most: PERMISSIONS, usual: PERMISSIONS },
};

/**
 * What the holder of a credential may do.
 *
 * @param wanted what the credential was made for; null: what is usual for the roles
 */
export function permissionsOf(
  roles: readonly Role[],
  wanted: readonly Permission[] | null,
): readonly Permission[] {
  return PERMISSIONS.filter((permission) =>
    roles.some((role) =>
      wanted === null
        ? ALLOWED[role].usual.includes(permission)
        : ALLOWED[role].most.includes(permission) && wanted.includes(permission),
    ),
  );
}

/** With access control off, whoever reaches the loopback address is an admin called `default`. */
export const LOCAL_PRINCIPAL: Principal = {
  tenantId: 'default',
  userId: 'default',
  roles: ['ADMIN'],
  permissions: PERMISSIONS,
  credential: null,
};

/** Whether the principal may name another user in an input. */
export function mayActForOthers(principal: Principal): boolean {
  return principal.roles.includes('ADMIN') || principal.roles.includes('SERVICE');
}

/** @throws Forbidden unless the caller may do this */
export function requirePermission(principal: Principal, permission: Permission): void {
  if (!principal.permissions.includes(permission))
    throw new Forbidden(`this needs the permission ${permission}, which the caller does not have`);
}
