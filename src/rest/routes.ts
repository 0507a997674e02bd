import type { RateClass } from '../access/limits.ts';
import type { Permission } from '../access/principals.ts';
import { HttpProblem } from '../http/body.ts';
import type { Hall } from '../http/hall.ts';
import type { Problem } from '../http/problem.ts';
import { type Handler, type Route, sendJson } from '../http/server.ts';
import { getConversation, listConversations, postCleanup } from './conversations.ts';
import { getGoals } from './goals.ts';
import { getMediaInsights } from './media.ts';
import { postQuery } from './query.ts';
import type { RestRequest, RestServices } from './request.ts';
import { getHealth, getStats } from './status.ts';
import { deleteTask, getQueue, getTask, postTask } from './tasks.ts';

interface Endpoint {
  readonly method: string;
  readonly path: RegExp;
  readonly needs: Permission;
  readonly rate: RateClass;
  readonly points: number;
  readonly run: (request: RestRequest) => Promise<unknown>;
}

/** About what the same costs as a GraphQL operation. */
const READ_POINTS = 200;

const endpoints: Endpoint[] = [
  {
    method: 'POST',
    path: /^\/api\/echo\/(?:query|chat)$/,
    needs: 'WRITE',
    rate: 'HEAVY',
    points: 1,
    run: postQuery,
  },
  {
    method: 'GET',
    path: /^\/api\/echo\/conversation\/([^/]+)$/,
    needs: 'READ',
    rate: 'READ',
    points: READ_POINTS,
    run: getConversation,
  },
  {
    method: 'GET',
    path: /^\/api\/echo\/conversations$/,
    needs: 'READ',
    rate: 'READ',
    points: READ_POINTS,
    run: listConversations,
  },
  {
    method: 'GET',
    path: /^\/api\/echo\/goals$/,
    needs: 'READ',
    rate: 'READ',
    points: READ_POINTS,
    run: getGoals,
  },
  {
    method: 'GET',
    path: /^\/api\/echo\/media\/insights$/,
    needs: 'READ',
    rate: 'READ',
    points: READ_POINTS,
    run: getMediaInsights,
  },
  {
    method: 'GET',
    path: /^\/api\/echo\/health$/,
    needs: 'READ',
    rate: 'READ',
    points: READ_POINTS,
    run: getHealth,
  },
  {
    method: 'GET',
    path: /^\/api\/echo\/stats$/,
    needs: 'READ',
    rate: 'READ',
    points: READ_POINTS,
    run: getStats,
  },
  {
    method: 'POST',
    path: /^\/api\/echo\/tasks\/create$/,
    needs: 'WRITE',
    rate: 'WRITE',
    points: 1,
    run: postTask,
  },
  {
    method: 'POST',
    path: /^\/cleanup$/,
    needs: 'ADMIN',
    rate: 'HEAVY',
    points: 1,
    run: postCleanup,
  },
  // Before that of one task, whose id might be anything.
  {
    method: 'GET',
    path: /^\/api\/echo\/tasks\/queue$/,
    needs: 'READ',
    rate: 'READ',
    points: READ_POINTS,
    run: getQueue,
  },
  {
    method: 'GET',
    path: /^\/api\/echo\/tasks\/([^/]+)$/,
    needs: 'READ',
    rate: 'READ',
    points: READ_POINTS,
    run: getTask,
  },
  {
    method: 'DELETE',
    path: /^\/api\/echo\/tasks\/([^/]+)$/,
    needs: 'WRITE',
    rate: 'WRITE',
    points: 1,
    run: deleteTask,
  },
];

/** The door for programs that were written for the older REST service: the same verbs, its own words. */
export function restRoutes({ services, hall }: { services: RestServices; hall: Hall }): Route[] {
  const handle: Handler = async (request, response, correlationId) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const endpoint = endpointOf(request.method, pathname);
    const parameter = pathParameter(endpoint.path.exec(pathname)?.[1]);
    const { needs, rate, points } = endpoint;
    const errand = {
      // Without what the path names, which may be a person's.
      action: endpoint.path.source.replaceAll(/[\\^$]/g, ''),
      ...{ correlationId, needs, cost: { rate, points } },
    };
    const body = await hall.receive(request, errand, (principal) =>
      endpoint.run({ services, principal, request, search: searchParams, parameter }),
    );
    sendJson(response, 200, body);
  };
  return ['/api/echo', '/cleanup'].map((prefix) => ({ door: 'rest', prefix, handle, present }));
}

/** @throws HttpProblem 404, 405 */
function endpointOf(method: string | undefined, pathname: string): Endpoint {
  const found = endpoints.filter(({ path }) => path.test(pathname));
  const endpoint = found.find((each) => each.method === method);
  if (endpoint) return endpoint;
  if (found.length === 0) throw new HttpProblem(404, 'NOT_FOUND', 'there is nothing at this path');
  const methods = found.map((each) => each.method).join(' or ');
  throw new HttpProblem(405, 'METHOD_NOT_ALLOWED', `use ${methods}`);
}

/** As the older service told of failures. */
function present({ code, message, correlationId }: Problem) {
  return {
    detail: code === 'INTERNAL' ? `${message}; correlation id ${correlationId}` : message,
    error_code: code === 'BAD_USER_INPUT' ? 'VALIDATION_ERROR' : code,
    timestamp: new Date().toISOString(),
  };
}

function pathParameter(encoded: string | undefined): string {
  try {
    return decodeURIComponent(encoded ?? '');
  } catch {
    throw new HttpProblem(400, 'BAD_REQUEST', 'the path is not valid percent-encoding');
  }
}
