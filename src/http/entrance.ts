import type { Route } from './server.ts';
import { sendJson } from './server.ts';

/**
 * The bare address, which the log prints and people open: a browser is led to a page, a program is told what is where.
 *
 * @param page where a person can look around; null: there is no page
 */
export function entrance(page: string | null): Route {
  return {
    door: 'entrance',
    prefix: '/',
    handle: async (request, response) => {
      if (page !== null && (request.headers.accept ?? '').includes('text/html'))
        return void response.writeHead(302, { location: page, 'content-length': 0 }).end();
      sendJson(response, 200, {
        service: 'echo-brain',
        graphql: '/graphql',
        rest: '/api/echo',
        mcp: '/mcp',
        openapi: '/openapi.json',
        live: '/livez',
        ready: '/readyz',
      });
    },
  };
}
