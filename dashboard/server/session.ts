import { signal } from '@preact/signals';
import type { MeData } from '../operations.ts';

export type Principal = MeData['me'];
export type Permission = Principal['permissions'][number];

/** The key or token that was typed in. It is kept here only: nothing is stored, and nothing is sent by itself. */
export const credential = signal<string | null>(null);
/** Who is looking; null until that is known. */
export const principal = signal<Principal | null>(null);
/** Why somebody has to sign in; null while nobody has to. */
export const signInReason = signal<string | null>(null);

/** Forgets who was looking. */
export function signOut(reason: string): void {
  credential.value = null;
  principal.value = null;
  signInReason.value = reason;
}

/** Whether who is looking may do this; what they may not is not shown. */
export function may(permission: Permission): boolean {
  return principal.value?.permissions.includes(permission) ?? false;
}

/** The tenant whose admins run the server. */
const OPERATORS = 'default';

/** Whether who is looking says what other tenants may. */
export function runsServer(): boolean {
  return may('ADMIN') && principal.value?.tenantId === OPERATORS;
}

/** Whether somebody is who is looking: nobody approves what they asked for themselves. */
export function isMe(userId: string): boolean {
  return principal.value?.userId === userId;
}
