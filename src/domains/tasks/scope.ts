import type { Principal } from '../../access/principals.ts';
import { Forbidden } from '../../errors.ts';
import { SERVER_TENANT } from '../../events/event.ts';
import * as input from '../../ground/input.ts';
import { OPERATOR_TENANT } from '../../ground/ownership.ts';
import type { TaskOwner } from '../../jobs/job.ts';

/** Whose tasks a caller may see and stop. */
export interface TaskScope {
  readonly tenantId: string;
  /** Null: those of any user of the tenant. */
  readonly userId: string | null;
  /** Also those of the server itself. */
  readonly system: boolean;
}

/** Tasks of the server itself are no tenant's. */
export const SERVER_OWNER: TaskOwner = { tenantId: SERVER_TENANT, userId: null };

export function isAdmin({ roles, permissions }: Principal): boolean {
  return roles.includes('ADMIN') && permissions.includes('ADMIN');
}

/** A user sees their own, an admin all of the tenant's and those of the server that are for no other tenant. */
export function taskScopeOf(principal: Principal): TaskScope {
  const { tenantId, userId } = principal;
  return isAdmin(principal) ? { tenantId, userId: null, system: true } : { tenantId, userId, system: false };
}

/** @throws Forbidden for whoever may not see what the server does for itself */
export function requireSystem(principal: Principal): void {
  if (!isAdmin(principal))
    throw new Forbidden('filter.system: only an admin may see the tasks of the server itself');
}

/**
 * Of a row of tasks `t` of the server itself: what it does for one tenant, as the payload says, only their admins see and stop,
 * and those of the tenant that runs the server.
 *
 * @param tenant the parameter with the tenant of the caller
 */
export const isShownTo = (tenant: string) =>
  `t.tenant_id = '${SERVER_TENANT}' and t.user_id is null
     and (coalesce(t.payload ->> 'tenantId', ${tenant}) = ${tenant} or ${tenant} = '${OPERATOR_TENANT}')`;

/** Of a row of tasks `t`, by the values of `scopeValues` from $1 on. */
export const IN_SCOPE = `(t.tenant_id = $1 and t.user_id is not null and ($2::text is null or t.user_id = $2)
    or $3::boolean and ${isShownTo('$1::text')})`;

export function scopeValues({ tenantId, userId, system }: TaskScope): unknown[] {
  return [tenantId, userId, system];
}

/** @throws InvalidInput if the text can be no task's id, so that no statement is run for it */
export function parseTaskId(taskId: string): string {
  return input.parseInput(input.text(100), taskId, 'taskId');
}
