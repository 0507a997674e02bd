import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  Kind,
  visit,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Principal } from '../access/principals.ts';
import type { Context } from './context.ts';
import type { Stage } from './stages.ts';

/**
 * Says nothing of the schema to those who have no business with it: introspection needs a permission, and with access
 * control on errors name nothing that the caller did not name, and guess at nothing that they may have meant.
 */
export function hiddenSchema(options: {
  readonly hideGuesses: boolean;
  readonly mask: (error: unknown) => GraphQLError;
}): { readonly plugin: Plugin<Context>; readonly stage: Stage } {
  const asking = new WeakMap<DocumentNode, boolean>();
  const isRefused = ({ document, contextValue }: ExecutionArgs): boolean => {
    if (maySee((contextValue as Context).principal)) return false;
    let asks = asking.get(document);
    if (asks === undefined) {
      asks = introspects(document);
      asking.set(document, asks);
    }
    return asks;
  };
  const refusal = (args: ExecutionArgs) => (isRefused(args) ? options.mask(noIntrospection()) : null);
  const stage: Stage = {
    refusal,
    // Values of variables are looked at while executing.
    ...(options.hideGuesses && { after: (args, result) => withoutGuesses(args, result) }),
  };
  const plugin: Plugin<Context> = {
    // What is remembered for the next caller with the same document is the result before this.
    onValidate({ context, params: { documentAST } }) {
      if (!options.hideGuesses) return;
      const sees = maySee((context as { principal?: Principal }).principal);
      return ({ valid, result, setResult }) => {
        if (!valid) setResult((result as GraphQLError[]).map(discreet(documentAST, sees)));
      };
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const error = refusal(args);
      if (error) return setResultAndStopExecution({ errors: [error] });
      if (!options.hideGuesses) return;
      return {
        onSubscribeResult({ result, setResult }) {
          if ('errors' in result) setResult(withoutGuesses(args, result));
        },
      };
    },
  };
  return { plugin, stage };
}

function withoutGuesses(args: ExecutionArgs, result: ExecutionResult): ExecutionResult {
  return result.errors ? { ...result, errors: result.errors.map(discreetFor(args)) } : result;
}

function introspects(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    [Kind.FIELD]: ({ name }) => {
      if (name.value === '__schema' || name.value === '__type') found = true;
    },
  });
  return found;
}

function noIntrospection(): GraphQLError {
  return new GraphQLError('introspection needs the permission INTROSPECT', {
    extensions: { code: 'FORBIDDEN', retryable: false },
  });
}

/** Names that everybody knows. */
const PUBLIC = new Set(['Query', 'Mutation', 'Subscription', 'String', 'Int', 'Float', 'Boolean', 'ID']);

function maySee(principal: Principal | undefined): boolean {
  return principal?.permissions.includes('INTROSPECT') ?? false;
}

function discreetFor({ document, variableValues, contextValue }: ExecutionArgs) {
  return discreet(document, maySee((contextValue as Context).principal), variableValues);
}

/**
 * Takes guesses out of errors of the document and its variables, and what the caller did not say out of what they quote.
 *
 * @param sees the caller may look at the schema: what is quoted stays
 */
function discreet(
  document: DocumentNode,
  sees: boolean,
  variables?: unknown,
): (error: GraphQLError) => GraphQLError {
  let said: Set<string> | null = null;
  const isSaid = (word: string) => {
    said ??= new Set(`${document.loc?.source.body} ${JSON.stringify(variables ?? {})}`.match(/\w+/g));
    return sees || PUBLIC.has(word) || said.has(word);
  };
  return (error) => {
    // What resolvers say is written for the caller.
    if (error.path) return error;
    const message = error.message
      .replace(/ ?Did you mean .*\?/su, '')
      .replaceAll(/"([^"]*)"/g, (quoted, text: string) =>
        (text.match(/[A-Za-z_]\w*/g) ?? []).every(isSaid) ? quoted : '"…"',
      );
    if (message === error.message) return error;
    return new GraphQLError(message, {
      nodes: error.nodes ?? null,
      source: error.source ?? null,
      positions: error.positions ?? null,
      originalError: error.originalError ?? null,
      extensions: error.extensions,
    });
  };
}
