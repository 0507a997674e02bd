import type { Owner, Scope } from '../../access/principals.ts';

/** Queries that are being answered by this server, each with the means to end it. */
export class RunningQueries {
  readonly #running = new Map<string, { owner: Owner; stop: AbortController; ended: Promise<unknown> }>();

  /** How many there are now. */
  get size(): number {
    return this.#running.size;
  }

  /** Runs what answers a query; its signal is aborted when nobody wants the answer any more. */
  run<T>(
    { turnId, owner }: { readonly turnId: string; readonly owner: Owner },
    answer: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const stop = new AbortController();
    const ended = answer(stop.signal).finally(() => this.#running.delete(turnId));
    this.#running.set(turnId, { owner, stop, ended });
    return ended;
  }

  /**
   * Ends a query within a scope. What was written by then is stored.
   *
   * @returns once it is stored; at once if no such query is running
   */
  async stop(scope: Scope, turnId: string): Promise<void> {
    const query = this.#running.get(turnId);
    if (!query || query.owner.tenantId !== scope.tenantId) return;
    if (scope.userId !== null && query.owner.userId !== scope.userId) return;
    query.stop.abort();
    // Whoever asked is told of its failure; here it only matters that it has ended.
    await query.ended.catch(() => undefined);
  }
}
