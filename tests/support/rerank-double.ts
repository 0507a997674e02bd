import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A request as the double got it. */
export interface RerankRequest {
  readonly headers: IncomingHttpHeaders;
  readonly body: {
    readonly model: string;
    readonly query: string;
    readonly documents: readonly string[];
    readonly top_n: number;
  };
}

/** What is sent back: a body (a text as it is, else as JSON), a status alone, or nothing at all. */
export type RerankReply = { readonly body: unknown } | number | 'stall' | 'cut';

export type RerankDouble = Awaited<ReturnType<typeof startRerankDouble>>;

/** Answers `POST /v1/rerank` as Cohere, Jina and llama.cpp do. */
export async function startRerankDouble() {
  const requests: RerankRequest[] = [];
  let reply: (request: RerankRequest['body']) => RerankReply = judgedBy(() => 0);
  const server = createServer(async (request, response) => {
    const body = (await json(request)) as RerankRequest['body'];
    requests.push({ headers: request.headers, body });
    const answer = request.url === '/v1/rerank' && request.method === 'POST' ? reply(body) : 404;
    if (answer === 'stall') return;
    if (answer === 'cut') return response.destroy();
    if (typeof answer === 'number') return response.writeHead(answer).end('{"message":"scripted"}');
    const sent = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
    response.writeHead(200, { 'content-type': 'application/json' }).end(sent);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    answerWith(other: typeof reply) {
      reply = other;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Judges each text alone, and tells of the best first, as real ones do. */
export function judgedBy(relevance: (text: string) => number): (body: RerankRequest['body']) => RerankReply {
  return ({ documents }) => ({
    body: {
      results: documents
        .map((text, index) => ({ index, relevance_score: relevance(text) }))
        .sort((a, b) => b.relevance_score - a.relevance_score),
    },
  });
}
