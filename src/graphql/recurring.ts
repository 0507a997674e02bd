import { type ExecutionArgs, getOperationAST, type OperationDefinitionNode } from 'graphql';
import { type OperationPlan, planOf } from './plan.ts';
import { executePlan } from './planned.ts';
import type { Stage } from './stages.ts';

/** How often an operation had a plan, and how often it had none. */
export interface PlanUse {
  hits: number;
  misses: number;
}

/**
 * Executes operations that come again by a plan, which is made when they come for the second time. Plans are found by the parsed
 * document, which Yoga keeps for the texts of the latest: there are as many plans as documents.
 *
 * What is given up when its caller leaves (everything that does not come through the JSON lane) is executed as usual.
 */
export function planned(use: PlanUse): Stage {
  const plans = new WeakMap<OperationDefinitionNode, OperationPlan | null>();
  const seen = new WeakSet<OperationDefinitionNode>();
  const planFor = ({ schema, document, operationName }: ExecutionArgs): OperationPlan | null => {
    const operation = getOperationAST(document, operationName);
    if (!operation) return null;
    const known = plans.get(operation);
    if (known) use.hits++;
    else use.misses++;
    if (known !== undefined) return known;
    if (!seen.has(operation)) {
      seen.add(operation);
      return null;
    }
    const plan = planOf(schema, document, operationName);
    plans.set(operation, plan);
    return plan;
  };
  return {
    around: (execute) => (args, usual) => {
      const plan = (args as { signal?: AbortSignal }).signal ? null : planFor(args);
      return (plan && executePlan(plan, args)) ?? execute(args, usual);
    },
  };
}
