import type { Owner, Scope } from '../../access/principals.ts';

interface Run {
  readonly turnId: string;
  readonly owner: Owner;
  readonly stop: AbortController;
  readonly ended: Promise<unknown>;
}

/** Queries that are being answered by this server, each with the means to end it. A turn may be answered more than once at a time. */
export class RunningQueries {
  readonly #running = new Set<Run>();

  /** How many there are now. */
  get size(): number {
    return this.#running.size;
  }

  /**
   * Runs what answers a query; its signal is aborted when nobody wants the answer any more.
   *
   * @param left aborted when whoever this run answers has left; others that answer the same turn go on
   */
  run<T>(
    { turnId, owner }: { readonly turnId: string; readonly owner: Owner },
    answer: (signal: AbortSignal) => Promise<T>,
    left?: AbortSignal,
  ): Promise<T> {
    const stop = new AbortController();
    const signal = left ? AbortSignal.any([stop.signal, left]) : stop.signal;
    const ended = answer(signal).finally(() => this.#running.delete(run));
    const run: Run = { turnId, owner, stop, ended };
    this.#running.add(run);
    return ended;
  }

  /**
   * Ends all that answers a query within a scope. What was written by then is stored.
   *
   * @returns once it is stored; at once if no such query is running
   */
  async stop(scope: Scope, turnId: string): Promise<void> {
    const runs = [...this.#running].filter(
      ({ owner, ...run }) =>
        run.turnId === turnId &&
        owner.tenantId === scope.tenantId &&
        (scope.userId === null || owner.userId === scope.userId),
    );
    for (const { stop } of runs) stop.abort();
    // Whoever asked is told of its failure; here it only matters that it has ended.
    await Promise.allSettled(runs.map(({ ended }) => ended));
  }
}
