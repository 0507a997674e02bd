import type { IncomingMessage } from 'node:http';
import type { Route } from './server.ts';

/** Liveness and readiness, which anybody may ask and which say nothing else; Prometheus metrics. */
export function probes(options: {
  ready: () => Promise<boolean>;
  /** @throws HttpProblem for a caller who may not */
  mayReadMetrics: (request: IncomingMessage) => Promise<void>;
  metrics: () => Promise<string>;
}): Route[] {
  const text = (body: string) => ({
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  });
  return [
    {
      door: 'livez',
      prefix: '/livez',
      handle: async (_request, response) => void response.writeHead(200, text('ok\n')).end('ok\n'),
    },
    {
      door: 'readyz',
      prefix: '/readyz',
      handle: async (_request, response) => {
        const ready = await options.ready();
        const body = ready ? 'ok\n' : 'not ready\n';
        response.writeHead(ready ? 200 : 503, text(body)).end(body);
      },
    },
    {
      door: 'metrics',
      prefix: '/metrics',
      handle: async (request, response) => {
        await options.mayReadMetrics(request);
        const body = await options.metrics();
        response
          .writeHead(200, { ...text(body), 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
          .end(body);
      },
    },
  ];
}
