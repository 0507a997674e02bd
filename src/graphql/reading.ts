import { type ExecutionArgs, getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { asReading } from '../access/caller.ts';

/** Lets what queries read come from a replica of the database; mutations and subscriptions read from the database itself. */
export function readingQueries(): Plugin {
  return {
    onExecute({ args, executeFn, setExecuteFn }) {
      const onlyReads = getOperationAST(args.document, args.operationName)?.operation === 'query';
      setExecuteFn((given: ExecutionArgs) => asReading(onlyReads, () => executeFn(given)));
    },
  };
}
