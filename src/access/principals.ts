/** Who is calling. */
export interface Principal {
  readonly tenantId: string;
  readonly userId: string;
  readonly roles: readonly Role[];
}

export type Role = 'USER' | 'ANALYST' | 'ADMIN' | 'SERVICE';

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

/** With access control off, whoever reaches the loopback address is an admin called `default`. */
export const LOCAL_PRINCIPAL: Principal = { tenantId: 'default', userId: 'default', roles: ['ADMIN'] };

/** Whether the principal may name another user in an input. */
export function mayActForOthers(principal: Principal): boolean {
  return principal.roles.includes('ADMIN') || principal.roles.includes('SERVICE');
}
