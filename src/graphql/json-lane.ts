import type { IncomingMessage, ServerResponse } from 'node:http';
import { type DocumentNode, type ExecutionResult, GraphQLError, getOperationAST } from 'graphql';
import { HttpProblem, hasJsonBody } from '../http/body.ts';
import { sendJson } from '../http/server.ts';
import type { HttpStatus } from './errors.ts';
import { type OperationParams, presentProblem, RESPONSE_TYPE, readParams } from './params.ts';
import type { Carrier, Yoga } from './yoga.ts';

/**
 * Whether the short way is enough for a request: JSON in, one JSON result out. Everything else (GET, server-sent
 * events, GraphiQL) goes through Yoga.
 */
export function isJsonOperation(request: IncomingMessage): boolean {
  const accept = request.headers.accept ?? '*/*';
  return (
    request.method === 'POST' &&
    hasJsonBody(request) &&
    /application\/(graphql-response\+)?json|application\/\*|\*\/\*/.test(accept) &&
    !/text\/event-stream|multipart\/mixed/.test(accept)
  );
}

/**
 * Does what Yoga does, without a Request, a Response and hooks: a document that nobody knows is parsed and validated by Yoga's pipeline,
 * and every operation goes through the same stages as there.
 */
export async function handleJsonOperation(
  yoga: Yoga,
  { req, res, principal }: Carrier & { readonly res: ServerResponse },
): Promise<void> {
  const modern = (req.headers.accept ?? '').includes(RESPONSE_TYPE);
  const reply = (status: number, result: unknown) =>
    sendJson(res, status, result, modern ? RESPONSE_TYPE : 'application/json');
  let params: OperationParams;
  let document: DocumentNode | null;
  /** Of a document that nobody has looked at: what reads and judges it. */
  let pipeline: ReturnType<Yoga['getEnveloped']> | null = null;
  try {
    params = await readParams(req);
    document = yoga.documents.valid(params.query);
    if (!document) {
      pipeline = yoga.getEnveloped({ req, res, principal });
      document = pipeline.parse(params.query) as DocumentNode;
    }
  } catch (error) {
    if (error instanceof HttpProblem && error.status > 400) throw error;
    const status = error instanceof HttpProblem ? error.status : modern ? 400 : 200;
    return reply(status, { errors: [present(error)] });
  }
  const operation = getOperationAST(document, params.operationName)?.operation;
  if (!operation) {
    const problem = 'Could not determine what operation to execute.';
    return reply(400, { errors: [present(new HttpProblem(400, 'OPERATION_RESOLUTION_FAILURE', problem))] });
  }
  if (pipeline) {
    const invalid = pipeline.validate(yoga.schema, document) as readonly GraphQLError[];
    if (invalid.length > 0) return reply(modern ? 400 : 200, { errors: invalid.map(withoutTransport) });
    yoga.documents.noteValid(document);
  }
  if (operation === 'subscription') {
    return reply(400, {
      errors: [
        present(
          new HttpProblem(
            400,
            'BAD_REQUEST',
            'a subscription needs a WebSocket, or accept: text/event-stream',
          ),
        ),
      ],
    });
  }
  const { variables, operationName } = params;
  const result = await yoga.perform({ req, principal }, { document, variables, operationName });
  const refused = httpStatusOf(result);
  for (const [name, value] of Object.entries(refused?.headers ?? {})) res.setHeader(name, value);
  reply(refused?.status ?? (modern && result.data === undefined ? 400 : 200), result);
}

/** Of an operation that was refused as a whole, before it was executed. */
function httpStatusOf({ data, errors }: ExecutionResult): HttpStatus | null {
  const http = data === undefined ? (errors?.[0]?.extensions.http as HttpStatus | undefined) : undefined;
  return http?.status === 429 ? http : null;
}

function isDocumentError(error: unknown): boolean {
  return error instanceof GraphQLError && error.message.startsWith('Syntax Error');
}

function present(error: unknown): object {
  if (error instanceof HttpProblem) return presentProblem(error);
  if (!(error instanceof GraphQLError)) throw error;
  return withoutTransport(error);
}

/** Yoga keeps the HTTP status in an extension that is not for clients. */
function withoutTransport(error: GraphQLError): object {
  const { http: _http, ...extensions } = error.extensions;
  return {
    ...error.toJSON(),
    extensions: {
      retryable: false,
      code: isDocumentError(error) ? 'GRAPHQL_PARSE_FAILED' : 'GRAPHQL_VALIDATION_FAILED',
      ...extensions,
    },
  };
}
