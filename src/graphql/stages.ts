import type { ExecutionArgs, ExecutionResult, GraphQLError } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';

export type MaybePromise<T> = T | Promise<T>;

/** Executes an operation as Yoga does when nobody says otherwise. */
export type Usual = (args: ExecutionArgs) => MaybePromise<ExecutionResult>;

export type Execute = (args: ExecutionArgs, usual: Usual) => MaybePromise<ExecutionResult>;

/** One of the things that are done with each query and mutation, on every transport. */
export interface Stage {
  /** Why the operation is refused as a whole; null if it is not. What stands behind the stage is then not asked. */
  readonly refusal?: (args: ExecutionArgs) => MaybePromise<GraphQLError | null>;
  /** Executes it in another way, or in other surroundings; the last stage is the outermost. */
  readonly around?: (execute: Execute) => Execute;
  /** What becomes of the result. @param began when it was executed, as `performance.now` had it */
  readonly after?: (args: ExecutionArgs, result: ExecutionResult, began: number) => ExecutionResult;
}

/**
 * All stages in one function: first every refusal, then the execution, then what becomes of it.
 *
 * The pipeline of envelop asks hooks, each with objects and promises of its own; for a small query that was a third of all it allocated.
 */
export function throughStages(stages: readonly Stage[]): Execute {
  let execute: Execute = (args, usual) => usual(args);
  for (const { around } of stages) if (around) execute = around(execute);
  const finish = (args: ExecutionArgs, result: ExecutionResult, began: number, end = stages.length) => {
    if (isAsyncIterable(result)) return result;
    let shown = result;
    for (let at = 0; at < end; at++) shown = stages[at]?.after?.(args, shown, began) ?? shown;
    return shown;
  };
  const run: Execute = (args, usual) => {
    const began = performance.now();
    const result = execute(args, usual);
    return isPromise(result) ? result.then((done) => finish(args, done, began)) : finish(args, result, began);
  };
  const from = (place: number, args: ExecutionArgs, usual: Usual): MaybePromise<ExecutionResult> => {
    for (let at = place; at < stages.length; at++) {
      const refusal = stages[at]?.refusal?.(args) ?? null;
      if (refusal === null) continue;
      const refused = (error: GraphQLError) => finish(args, { errors: [error] }, performance.now(), at);
      if (!isPromise(refusal)) return refused(refusal);
      return refusal.then((error) => (error ? refused(error) : from(at + 1, args, usual)));
    }
    return run(args, usual);
  };
  return (args, usual) => from(0, args, usual);
}

/** The same for Yoga's pipeline. */
export function staged(execute: Execute): Plugin {
  return {
    onExecute({ executeFn, setExecuteFn }) {
      setExecuteFn((args: ExecutionArgs) => execute(args, executeFn as Usual));
    },
  };
}

/** Whether there is anything to wait for: also what only acts like a promise. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  // Most values are texts and numbers, and to look for a method of those takes as long as to read them.
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  return typeof (value as { then?: unknown }).then === 'function';
}
