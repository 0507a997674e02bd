import type { IncomingMessage } from 'node:http';
import { type Actor, actingFor, actorOf, asReading } from '../access/caller.ts';
import type { RateClass, RateLimits } from '../access/limits.ts';
import { type Permission, type Principal, requirePermission } from '../access/principals.ts';
import type { RefusalLog } from '../access/refusal.ts';
import type { Tenancy } from '../access/tenancy.ts';
import { EchoError } from '../errors.ts';
import { HttpProblem } from './body.ts';
import type { WebGuard } from './guard.ts';

/** Who is calling, by the headers of a request or what a WebSocket's `connection_init` carries. @throws EchoError */
export type Authenticate = (
  request: IncomingMessage,
  payload?: Readonly<Record<string, unknown>>,
) => Promise<Principal>;

/** What a caller wants, as far as it decides whether they may. */
export interface Errand {
  /** What the audit log calls it; never what a path names, which may be a person's. */
  readonly action: string;
  /** Names the request in logs and in errors. */
  readonly correlationId: string;
  /** What else the caller showed, beside the headers. */
  readonly payload?: Readonly<Record<string, unknown>> | undefined;
  readonly needs?: Permission;
  /** What it takes from the caller's limits. */
  readonly cost?: { readonly rate: RateClass; readonly points: number };
}

export interface HallParts {
  readonly guard: WebGuard;
  readonly authenticate: Authenticate;
  readonly limits: RateLimits;
  readonly audit: RefusalLog;
  readonly tenancy: Pick<Tenancy, 'checkWriting'>;
}

/**
 * The front hall of all doors. Everything that is asked before something is done is asked here, in one order: may
 * this request reach the server at all, who is calling, may they do this, have they done too much of it. Whoever is
 * refused, here or by the work itself, is told in the audit log.
 */
export class Hall {
  readonly #parts: HallParts;

  constructor(parts: HallParts) {
    this.#parts = parts;
  }

  /** IP address of a caller. */
  addressOf(request: IncomingMessage): string {
    return this.#parts.guard.addressOf(request);
  }

  /**
   * What is asked of a request before anybody asks who sent it.
   *
   * @param action what the audit log calls the door, if it does not let it in
   * @throws HttpProblem if it may not come in
   */
  guarded<T>(request: IncomingMessage, action: string, ask: (guard: WebGuard) => T): T {
    try {
      return ask(this.#parts.guard);
    } catch (error) {
      if (error instanceof HttpProblem) this.refused(request, action, error.code);
      throw error;
    }
  }

  /** Who is calling, without a word to the audit log: for looks whether those who came in still may be here. */
  authenticate(request: IncomingMessage, payload?: Readonly<Record<string, unknown>>): Promise<Principal> {
    return this.#parts.authenticate(request, payload);
  }

  /**
   * Lets a caller in and does what they came for, in their name.
   *
   * @throws EchoError if they may not, and whatever `work` throws
   */
  async receive<T>(
    request: IncomingMessage,
    errand: Errand,
    work: (principal: Principal) => Promise<T>,
  ): Promise<T> {
    let principal: Principal;
    try {
      principal = await this.authenticate(request, errand.payload);
    } catch (error) {
      this.#tellRefusal(error, request, errand.action, null);
      throw error;
    }
    return this.perform(request, principal, errand, work);
  }

  /**
   * Does one thing for a caller who was let in, at doors where one request may come for several.
   *
   * @throws EchoError if they may not, and whatever `work` throws
   */
  async perform<T>(
    request: IncomingMessage,
    principal: Principal,
    errand: Errand,
    work: (principal: Principal) => Promise<T>,
  ): Promise<T> {
    const actor = this.actor(principal, request, errand.correlationId);
    try {
      if (errand.needs) requirePermission(principal, errand.needs);
      if (writes(errand)) await this.#parts.tenancy.checkWriting(principal.tenantId);
      if (errand.cost) await this.#parts.limits.take(principal, errand.cost.rate, errand.cost.points);
      // What takes from the limit of reads does nothing else.
      const onlyReads = errand.cost?.rate === 'READ';
      return await actingFor(actor, () => asReading(onlyReads, () => work(principal)));
    } catch (error) {
      this.#tellRefusal(error, request, errand.action, actor);
      throw error;
    }
  }

  /** For whom one operation of a connection is done. */
  actor(principal: Principal, request: IncomingMessage, correlationId: string): Actor {
    return actorOf(principal, this.addressOf(request), correlationId);
  }

  /** Tells of a request that was refused before anybody asked who sent it. */
  refused(request: IncomingMessage, action: string, code: string): void {
    this.#tell(request, action, code, null);
  }

  #tellRefusal(error: unknown, request: IncomingMessage, action: string, actor: Actor | null): void {
    if (error instanceof EchoError && error.isAudited) this.#tell(request, action, error.code, actor);
  }

  #tell(request: IncomingMessage, action: string, code: string, actor: Actor | null): void {
    const correlationId = actor?.correlationId ?? null;
    this.#parts.audit.refused({ actor, address: this.addressOf(request), action, code, correlationId });
  }
}

/** Whether something may be changed by it; what an admin asks for and counts as reading changes nothing. */
function writes({ needs, cost }: Errand): boolean {
  return needs === 'WRITE' || (needs === 'ADMIN' && cost?.rate !== 'READ');
}
