import type { IncomingMessage } from 'node:http';
import type { Plugin } from 'graphql-yoga';
import { z } from 'zod';
import { HttpProblem, readJson } from '../http/body.ts';

/** Of the GraphQL over HTTP specification: with it, statuses speak of the operation too. */
export const RESPONSE_TYPE = 'application/graphql-response+json';

/** Clients ask whether a document is known by its hash, and send it whole where that isn't supported. */
const PersistedQuery = z.object({
  query: z.null().or(z.literal('')).optional(),
  extensions: z.object({ persistedQuery: z.object({}) }),
});

const Params = z.strictObject({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
  extensions: z.record(z.string(), z.unknown()).nullish(),
});

export type OperationParams = z.output<typeof Params>;

/**
 * Reads one operation from the body of a POST.
 *
 * @throws HttpProblem as `readJson`, 400 for JSON that is no operation
 */
export async function readParams(request: IncomingMessage): Promise<OperationParams> {
  return checkParams(await readJson(request));
}

/** Reads one operation from the address of a GET. @throws HttpProblem 400 */
function searchedParams(search: URLSearchParams): OperationParams {
  const json = (name: string): unknown => {
    try {
      return JSON.parse(search.get(name) || 'null');
    } catch {
      throw new HttpProblem(400, 'BAD_REQUEST', `${name}: is not valid JSON`);
    }
  };
  return checkParams({
    query: search.get('query'),
    operationName: search.get('operationName'),
    variables: json('variables'),
    extensions: json('extensions'),
  });
}

function checkParams(params: unknown): OperationParams {
  if (isUsual(params)) return params;
  const isWhole = Boolean((params as { query?: unknown } | null | undefined)?.query);
  if (!isWhole && PersistedQuery.safeParse(params).success)
    throw new HttpProblem(200, 'PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported');
  const parsed = Params.safeParse(params);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') || 'the body';
  throw new HttpProblem(400, 'BAD_REQUEST', `${field}: ${issue?.message ?? 'is not valid'}`);
}

/** What nearly everybody sends, of which the form (a few microseconds) would say nothing else. */
function isUsual(params: unknown): params is OperationParams {
  if (!isPlain(params) || typeof params.query !== 'string' || params.query === '') return false;
  for (const name of Object.keys(params)) {
    const value = params[name];
    if (name === 'variables') {
      // The form leaves that name out.
      if (!isPlain(value) || Object.hasOwn(value, '__proto__')) return false;
    } else if (name !== 'query' && !(name === 'operationName' && typeof value === 'string')) return false;
  }
  return true;
}

/** Of a value that was read as JSON. */
function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function presentProblem({ message, code }: HttpProblem): object {
  return { message, extensions: { retryable: false, code } };
}

/** Says what is accepted, where nothing of it was asked for. */
export function explainedNotAcceptable(): Plugin {
  return {
    onResponse({ response, setResponse, fetchAPI }) {
      if (response.status !== 406) return;
      const problem = new HttpProblem(
        406,
        'NOT_ACCEPTABLE',
        'accept: answers are application/json or application/graphql-response+json, subscriptions text/event-stream, or come over a WebSocket (graphql-transport-ws)',
      );
      setResponse(
        new fetchAPI.Response(JSON.stringify({ errors: [presentProblem(problem)] }), {
          status: 406,
          headers: { 'content-type': 'application/json; charset=utf-8' },
        }),
      );
    },
  };
}

/** Has operations read here instead of by Yoga, which would execute forms and bare documents, of any size. */
export function strictRequests(): Plugin<object, { readonly req: IncomingMessage }> {
  return {
    async onRequestParse({ request, url, serverContext, setRequestParser, endResponse, fetchAPI }) {
      if (request.method !== 'POST' && request.method !== 'GET') return;
      try {
        const { query, variables, operationName, extensions } =
          request.method === 'POST' ? await readParams(serverContext.req) : searchedParams(url.searchParams);
        setRequestParser(() => ({
          query,
          ...(variables && { variables }),
          ...(operationName && { operationName }),
          ...(extensions && { extensions }),
        }));
      } catch (error) {
        if (!(error instanceof HttpProblem)) throw error;
        const modern = request.headers.get('accept')?.includes(RESPONSE_TYPE) && error.status <= 400;
        endResponse(
          new fetchAPI.Response(JSON.stringify({ errors: [presentProblem(error)] }), {
            status: error.status,
            headers: {
              'content-type': `${modern ? RESPONSE_TYPE : 'application/json'}; charset=utf-8`,
              // The rest of a refused body is not read, so the connection can't be used again.
              ...(error.status > 400 && { connection: 'close' }),
            },
          }),
        );
      }
    },
  };
}
