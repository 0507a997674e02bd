import type { RateClass } from '../access/limits.ts';
import type { Permission } from '../access/principals.ts';
import { HttpProblem, MethodNotAllowed } from '../http/body.ts';
import type { Hall } from '../http/hall.ts';
import { postChat } from './chat.ts';
import { postEmbeddings } from './embeddings.ts';
import { getModel, getModels } from './models.ts';
import type { OpenAiRequest, OpenAiServices } from './request.ts';
import { postResponse } from './responses.ts';

interface Endpoint {
  readonly method: string;
  readonly path: RegExp;
  readonly needs: Permission;
  readonly rate: RateClass;
  readonly points: number;
  readonly run: (request: OpenAiRequest) => Promise<void>;
}

/** About what a small GraphQL operation costs. */
const READ_POINTS = 10;

const endpoints: Endpoint[] = [
  { method: 'GET', path: /^\/models$/, needs: 'READ', rate: 'READ', points: READ_POINTS, run: getModels },
  {
    method: 'GET',
    path: /^\/models\/(.+)$/,
    needs: 'READ',
    rate: 'READ',
    points: READ_POINTS,
    run: getModel,
  },
  {
    method: 'POST',
    path: /^\/chat\/completions$/,
    needs: 'WRITE',
    rate: 'HEAVY',
    points: 1,
    run: postChat,
  },
  { method: 'POST', path: /^\/responses$/, needs: 'WRITE', rate: 'HEAVY', points: 1, run: postResponse },
  { method: 'POST', path: /^\/embeddings$/, needs: 'READ', rate: 'HEAVY', points: 1, run: postEmbeddings },
];

/** Lets one request in and answers it. @throws HttpProblem, EchoError; what comes later is told within the answer */
export async function serve(
  { services, hall }: { services: OpenAiServices; hall: Hall },
  given: Pick<OpenAiRequest, 'request' | 'response' | 'correlationId'>,
): Promise<void> {
  const { request, correlationId } = given;
  const path = (request.url ?? '/').split('?', 1)[0]?.replace(/^\/v1(?=\/)/, '') ?? '/';
  const endpoint = endpointOf(request.method, path);
  const parameter = decoded(endpoint.path.exec(path)?.[1] ?? '');
  const { needs, rate, points } = endpoint;
  const action = `/v1${endpoint.path.source.replaceAll(/[\\^$]/g, '')}`;
  await hall.receive(request, { action, correlationId, needs, cost: { rate, points } }, (principal) =>
    endpoint.run({ services, principal, parameter, ...given }),
  );
}

/** @throws HttpProblem 404, 405 */
function endpointOf(method: string | undefined, path: string): Endpoint {
  const found = endpoints.filter((each) => each.path.test(path));
  const endpoint = found.find((each) => each.method === method);
  if (endpoint) return endpoint;
  if (found.length === 0) throw new HttpProblem(404, 'NOT_FOUND', 'there is nothing at this path');
  throw new MethodNotAllowed(...found.map((each) => each.method));
}

function decoded(parameter: string): string {
  try {
    return decodeURIComponent(parameter);
  } catch {
    throw new HttpProblem(400, 'BAD_REQUEST', 'the path is not valid percent-encoding');
  }
}
