import { createHash } from 'node:crypto';
import {
  LOCAL_PRINCIPAL,
  mayActForOthers,
  type Owner,
  type Principal,
  requirePermission,
  type Scope,
} from '../access/principals.ts';
import { Forbidden } from '../errors.ts';
import { parseInput, userId as userIdSchema } from './input.ts';

/**
 * The user that an operation is for: the one named in the input, else the caller.
 *
 * @param field what names it, for the message
 * @throws Forbidden if the caller may not act for others
 */
export function ownerFor(principal: Principal, userId: string | null | undefined, field = 'userId'): Owner {
  if (userId === null || userId === undefined)
    return { tenantId: principal.tenantId, userId: principal.userId };
  const named = parseInput(userIdSchema, userId, field);
  if (named !== principal.userId && !mayActForOthers(principal)) {
    throw new Forbidden(`${field}: only a principal who may act for others can name another user`);
  }
  return { tenantId: principal.tenantId, userId: named };
}

/** What a caller may see when one object is named by its id: their own, or the tenant's if they may act for others. */
export function scopeOf(principal: Principal): Scope {
  return { tenantId: principal.tenantId, userId: mayActForOthers(principal) ? null : principal.userId };
}

/** The turns of the health check are nobody's: nothing is kept of them. */
export const CANARY_TENANT = '__canary';

/** Who an owner is, for those who must not know it: SHA-256. */
export function subjectOf({ tenantId, userId }: Owner): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([tenantId, userId]))
    .digest();
}

/** @throws Forbidden unless the caller is an admin */
export function requireAdmin(principal: Principal): void {
  if (!principal.roles.includes('ADMIN')) throw new Forbidden('only an admin may do this');
  requirePermission(principal, 'ADMIN');
}

/** Who runs the server: everybody while there is no access control, and whoever shows `API_KEY`, is of this tenant. */
export const OPERATOR_TENANT = LOCAL_PRINCIPAL.tenantId;

/** Whether what a caller does as an admin may be felt by all tenants. */
export function isOperators({ tenantId }: Pick<Principal, 'tenantId'>): boolean {
  return tenantId === OPERATOR_TENANT;
}

/** @throws Forbidden unless the caller is an admin of the tenant that runs the server: what this does is felt by all tenants */
export function requireOperator(principal: Principal): void {
  requireAdmin(principal);
  if (!isOperators(principal))
    throw new Forbidden(
      `only an admin of the tenant "${OPERATOR_TENANT}", which runs the server, may do this`,
    );
}

/**
 * Whether the caller may see why something inside the server failed, in the words of libraries, which name hosts and
 * tables. Alerts have the same words, and the same permission.
 */
export function seesInternals(principal: Principal): boolean {
  return principal.permissions.includes('METRICS');
}
