import type { IncomingMessage } from 'node:http';
import { keepChecking } from '../access/long-lived.ts';
import { HttpProblem, hasJsonBody } from '../http/body.ts';
import type { Hall } from '../http/hall.ts';
import type { Route } from '../http/server.ts';
import { endStalled } from '../http/stalled.ts';
import { createGraphiql, isPageRequest } from './graphiql.ts';
import { handleJsonOperation, isJsonOperation } from './json-lane.ts';
import { GRAPHQL_PATH, type Yoga } from './yoga.ts';

/** The GraphQL door of the server: GraphiQL, single operations, and operations that last (server-sent events). */
export function graphqlRoute(options: {
  readonly yoga: Yoga;
  readonly hall: Hall;
  readonly graphiql: boolean;
}): Route {
  const { yoga, hall } = options;
  const showGraphiql = createGraphiql();
  return {
    door: 'graphql',
    prefix: GRAPHQL_PATH,
    handle: async (req, res, correlationId) => {
      if (req.url?.split('?', 1)[0] !== GRAPHQL_PATH)
        throw new HttpProblem(404, 'NOT_FOUND', 'there is nothing at this path');
      if (options.graphiql && isPageRequest(req)) return showGraphiql(res);
      if (req.method === 'GET') checkGet(req, hall);
      await hall.receive(req, { action: GRAPHQL_PATH, correlationId }, async (principal) => {
        if (isJsonOperation(req)) return handleJsonOperation(yoga, { req, res, principal });
        const recheck = keepChecking(
          () => hall.authenticate(req),
          principal,
          () => res.destroy(),
        );
        const stalled = endStalled(res);
        res.once('close', () => {
          clearInterval(recheck);
          clearInterval(stalled);
        });
        await yoga.handle(req, res, { principal });
      });
    },
  };
}

/** @throws HttpProblem 403, 415 */
function checkGet(req: IncomingMessage, hall: Hall): void {
  hall.guarded(req, GRAPHQL_PATH, (guard) => guard.checkSimpleRequest(req));
  if (req.headers['content-type'] !== undefined && !hasJsonBody(req))
    throw new HttpProblem(415, 'UNSUPPORTED_MEDIA_TYPE', 'content-type: a GET has none, or application/json');
}
