import { AsyncLocalStorage } from 'node:async_hooks';
import type { Principal } from './principals.ts';

/** Who a piece of work is done for, as the audit log tells it. */
export interface Actor {
  readonly tenantId: string;
  readonly user: string;
  readonly credential: string | null;
  /** IP address. */
  readonly address: string;
  readonly correlationId: string;
}

const storage = new AsyncLocalStorage<Actor | null>();

export function actorOf(principal: Principal, address: string, correlationId: string): Actor {
  const credential = principal.credential?.id ?? null;
  return { tenantId: principal.tenantId, user: principal.userId, credential, address, correlationId };
}

/** Runs `work` for an actor: what it writes, and what it is refused, is told with their name. */
export function actingFor<T>(actor: Actor, work: () => T): T {
  return storage.run(actor, work);
}

/** Whether the running work only reads, as its caller asked for it. */
const reading = new AsyncLocalStorage<boolean>();

/** Runs `work` as what only reads, or as what may do anything, also within what only reads. */
export function asReading<T>(onlyReads: boolean, work: () => T): T {
  return onlyReads === isReading() ? work() : reading.run(onlyReads, work);
}

/** Whether the running work only reads: it may then be answered by a replica of the database. */
export function isReading(): boolean {
  return reading.getStore() ?? false;
}

/** Runs `work` for the server itself, also where somebody's request set it going. */
export function actingForNobody<T>(work: () => T): T {
  return storage.run(null, work);
}

/** For whom the running work is done; null: for the server itself. */
export function currentActor(): Actor | null {
  return storage.getStore() ?? null;
}
