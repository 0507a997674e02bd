import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** 2: it failed. */
  readonly status: number;
}

// biome-ignore lint/suspicious/noExplicitAny: JSON as the exporters write it
type Json = any;

/** A collector of OpenTelemetry, as far as it takes OTLP over HTTP in JSON. */
export async function startOtlpReceiver() {
  const received: { path: string; headers: IncomingHttpHeaders; body: Json }[] = [];
  let answer: number | 'stall' = 200;
  const server = createServer(async (request, response) => {
    const body = await json(request);
    if (answer === 'stall') return;
    if (answer === 200) received.push({ path: request.url ?? '', headers: request.headers, body });
    response.writeHead(answer, { 'content-type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const of = (path: string) => received.filter((each) => each.path === path);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answerWith(next: typeof answer) {
      answer = next;
    },
    get spans(): ReceivedSpan[] {
      return of('/v1/traces').flatMap(({ body }) =>
        body.resourceSpans.flatMap(({ scopeSpans }: Json) =>
          scopeSpans.flatMap(({ spans }: Json) => spans.map(spanOf)),
        ),
      );
    },
    /** The newest reading of each metric, by its name. */
    get metrics(): Map<string, Json> {
      const all = of('/v1/metrics').flatMap(({ body }) =>
        body.resourceMetrics.flatMap(({ scopeMetrics }: Json) =>
          scopeMetrics.flatMap(({ metrics }: Json) => metrics),
        ),
      );
      return new Map(all.map((metric) => [metric.name, metric]));
    },
    resource(path: string): Readonly<Record<string, unknown>> {
      const [first] = of(path);
      const [resource] = first?.body.resourceSpans ?? first?.body.resourceMetrics ?? [];
      return attributesOf(resource?.resource.attributes ?? []);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function spanOf({ attributes = [], status = {}, ...span }: Json): ReceivedSpan {
  return { ...span, attributes: attributesOf(attributes), status: status.code ?? 0 };
}

function attributesOf(list: { key: string; value: Json }[]): Record<string, unknown> {
  return Object.fromEntries(list.map(({ key, value }) => [key, readValue(value)]));
}

function readValue(value: Json): unknown {
  if (value.arrayValue) return value.arrayValue.values.map(readValue);
  return value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue;
}
