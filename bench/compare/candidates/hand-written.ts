import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { CHARACTER, CONVERSATIONS, LAST_OF_EACH, LATEST } from './sql.ts';

/** What somebody writes who needs these three answers and nothing else: no GraphQL, no access control, no limits. */
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 12 });

interface Turn {
  readonly conversationId: string;
}

const answers: Record<string, (asked: { conversationId: string; name: string }) => Promise<unknown>> = {
  '/latest': async ({ conversationId }) =>
    (await pool.query({ name: 'latest', text: LATEST, values: [conversationId] })).rows,
  '/conversations': async () => {
    const { rows } = await pool.query<Turn>({ name: 'conversations', text: CONVERSATIONS });
    const names = rows.map(({ conversationId }) => conversationId);
    const turns = await pool.query<Turn>({ name: 'last_of_each', text: LAST_OF_EACH, values: [names] });
    const byName = new Map<string, object[]>(names.map((name) => [name, []]));
    for (const { conversationId, ...turn } of turns.rows) byName.get(conversationId)?.push(turn);
    return rows.map((row) => ({ ...row, interactions: byName.get(row.conversationId) }));
  },
  '/character': async ({ name }) =>
    (await pool.query({ name: 'character', text: CHARACTER, values: [name] })).rows[0] ?? null,
};

const server = createServer((request, response) => {
  const answer = answers[request.url ?? ''];
  if (!answer || request.method !== 'POST') return void response.writeHead(404).end();
  read(request)
    .then(answer)
    .then((result) => {
      const text = JSON.stringify(result);
      response
        .writeHead(200, {
          'content-type': 'application/json; charset=utf-8',
          'content-length': Buffer.byteLength(text),
        })
        .end(text);
    })
    .catch((error: unknown) => response.writeHead(500).end(String(error)));
});
server.listen(0, '127.0.0.1', () =>
  console.log(JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })),
);

async function read(request: IncomingMessage): Promise<{ conversationId: string; name: string }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString());
}
