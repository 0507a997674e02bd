import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { EXAMPLES } from './examples.ts';

/** Whether somebody looks at the address with a browser. GraphiQL writes what is edited into it, so it may name a query. */
export function isPageRequest(request: IncomingMessage): boolean {
  return request.method === 'GET' && (request.headers.accept ?? '').includes('text/html');
}

/** GraphiQL as one page that loads nothing from elsewhere, and may run no script but its own. */
export function createGraphiql(): (response: ServerResponse) => Promise<void> {
  let rendered: ReturnType<typeof render> | null = null;
  return async (response) => {
    rendered ??= render();
    const page = await rendered;
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': page.policy,
      'cache-control': 'no-cache',
    });
    response.end(page.html);
  };
}

async function render() {
  // Nine megabytes that most servers are never asked for.
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({
    title: 'Echo Brain',
    defaultQuery: EXAMPLES,
    subscriptionsProtocol: 'WS',
    endpoint: '/graphql',
  });
  const scripts = [...html.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(
    ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  );
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.join(' ')} blob:`,
    "style-src 'unsafe-inline'",
    'img-src data:',
    'font-src data:',
    'worker-src blob:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return { html, policy };
}
