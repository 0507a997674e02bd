import type { Hall } from './hall.ts';
import type { Route } from './server.ts';

/** Liveness and readiness, which anybody may ask and which say nothing else; Prometheus metrics. */
export function probes(options: {
  hall: Hall;
  ready: () => Promise<boolean>;
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
      handle: async (request, response, correlationId) => {
        const errand = { action: '/metrics', correlationId, needs: 'METRICS' } as const;
        const body = await options.hall.receive(request, errand, options.metrics);
        response
          .writeHead(200, { ...text(body), 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
          .end(body);
      },
    },
  ];
}
