import type { Route } from './server.ts';
import { sendJson } from './server.ts';

/**
 * The bare address, which the log prints and people open: a browser is led to a page, a program is told what is where.
 *
 * @param page where a person can look around
 */
export function entrance(page: string): Route {
  return {
    door: 'entrance',
    prefix: '/',
    handle: async (request, response) => {
      if ((request.headers.accept ?? '').includes('text/html'))
        return void response.writeHead(302, { location: page, 'content-length': 0 }).end();
      sendJson(response, 200, {
        service: 'echo-brain',
        dashboard: '/dashboard',
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
