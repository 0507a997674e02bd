import { getOperationAST } from 'graphql';
import { asReading } from '../access/caller.ts';
import type { Stage } from './stages.ts';

/** Lets what queries read come from a replica of the database; mutations and subscriptions read from the database itself. */
export function readingQueries(): Stage {
  return {
    around: (execute) => (args, usual) => {
      const onlyReads = getOperationAST(args.document, args.operationName)?.operation === 'query';
      return asReading(onlyReads, () => execute(args, usual));
    },
  };
}
