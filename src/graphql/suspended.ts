import {
  type ExecutionArgs,
  type FieldNode,
  type GraphQLError,
  getOperationAST,
  Kind,
  OperationTypeNode,
  type SelectionSetNode,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Tenancy } from '../access/tenancy.ts';
import { EchoError } from '../errors.ts';
import type { Context } from './context.ts';
import type { MaybePromise, Stage } from './stages.ts';

/** Refuses operations that change something to callers of a suspended tenant, whole, on every transport. */
export function suspended(
  tenancy: Pick<Tenancy, 'checkWriting'>,
  mask: (error: unknown) => GraphQLError,
): { readonly plugin: Plugin<Context>; readonly stage: Stage } {
  const refusal = (args: ExecutionArgs): MaybePromise<GraphQLError | null> =>
    writes(args) ? refusalOf((args.contextValue as Context).principal) : null;
  const refusalOf = async ({ tenantId }: Context['principal']): Promise<GraphQLError | null> => {
    try {
      await tenancy.checkWriting(tenantId);
      return null;
    } catch (error) {
      if (error instanceof EchoError) return mask(error);
      throw error;
    }
  };
  const plugin: Plugin<Context> = {
    async onSubscribe({ args, setResultAndStopExecution }) {
      const error = await refusal(args);
      if (error) setResultAndStopExecution({ errors: [error] });
    },
  };
  return { plugin, stage: { refusal } };
}

/** Whether an operation asks for a field that changes something. */
function writes({ schema, document, operationName }: ExecutionArgs): boolean {
  const operation = getOperationAST(document, operationName);
  if (!operation || operation.operation === OperationTypeNode.QUERY) return false;
  const fields = schema.getRootType(operation.operation)?.getFields() ?? {};
  const isMutation = operation.operation === OperationTypeNode.MUTATION;
  return rootFields(operation.selectionSet, document, new Set()).some(({ name }) => {
    const extensions = fields[name.value]?.extensions ?? {};
    return isMutation ? extensions.whileSuspended !== true : extensions.writes === true;
  });
}

/** Each fragment once, however often it is spread. */
function rootFields(
  { selections }: SelectionSetNode,
  document: ExecutionArgs['document'],
  seen: Set<string>,
): FieldNode[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    if (selection.kind === Kind.INLINE_FRAGMENT) return rootFields(selection.selectionSet, document, seen);
    const name = selection.name.value;
    if (seen.has(name)) return [];
    seen.add(name);
    const fragment = document.definitions.find(
      (each) => each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === name,
    );
    return fragment?.kind === Kind.FRAGMENT_DEFINITION
      ? rootFields(fragment.selectionSet, document, seen)
      : [];
  });
}
