import type { IncomingMessage } from 'node:http';
import type { Plugin } from 'graphql-yoga';
import { z } from 'zod';
import { HttpProblem, readJson } from '../http/body.ts';

/** Of the GraphQL over HTTP specification: with it, statuses speak of the operation too. */
export const RESPONSE_TYPE = 'application/graphql-response+json';

const Params = z.strictObject({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
  extensions: z.record(z.string(), z.unknown()).nullish(),
});

export type OperationParams = z.output<typeof Params>;

/** Whether a request says that its body is JSON; browsers ask before they send such a one to another origin. */
export function hasJsonBody(request: IncomingMessage): boolean {
  return /^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '');
}

/**
 * Reads one operation from the body of a POST.
 *
 * @throws HttpProblem as `readJson`, 415 for another media type, 400 for JSON that is no operation
 */
export async function readParams(request: IncomingMessage): Promise<OperationParams> {
  if (!hasJsonBody(request))
    throw new HttpProblem(415, 'UNSUPPORTED_MEDIA_TYPE', 'content-type: only application/json is accepted');
  const parsed = Params.safeParse(await readJson(request));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') || 'the body';
  throw new HttpProblem(400, 'BAD_REQUEST', `${field}: ${issue?.message ?? 'is not valid'}`);
}

export function presentProblem({ message, code }: HttpProblem): object {
  return { message, extensions: { retryable: false, code } };
}

/** Has bodies read by `readParams` instead of Yoga, which would execute forms and bare documents, of any size. */
export function jsonBodies(): Plugin<object, { readonly req: IncomingMessage }> {
  return {
    async onRequestParse({ request, serverContext, setRequestParser, endResponse, fetchAPI }) {
      if (request.method !== 'POST') return;
      try {
        const { query, variables, operationName, extensions } = await readParams(serverContext.req);
        setRequestParser(() => ({
          query,
          ...(variables && { variables }),
          ...(operationName && { operationName }),
          ...(extensions && { extensions }),
        }));
      } catch (error) {
        if (!(error instanceof HttpProblem)) throw error;
        const modern = request.headers.get('accept')?.includes(RESPONSE_TYPE) && error.status === 400;
        endResponse(
          new fetchAPI.Response(JSON.stringify({ errors: [presentProblem(error)] }), {
            status: error.status,
            headers: {
              'content-type': `${modern ? RESPONSE_TYPE : 'application/json'}; charset=utf-8`,
              // The rest of a refused body is not read, so the connection can't be used again.
              ...(error.status !== 400 && { connection: 'close' }),
            },
          }),
        );
      }
    },
  };
}
