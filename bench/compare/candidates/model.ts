import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** A language model that answers the same to everything, after so many milliseconds. */
const MS = Number(process.env.MODEL_MS ?? 10);
const chunk = (delta: object, finish: string | null) =>
  `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const ANSWER = `${chunk({ role: 'assistant', content: 'Its keeper owns a parrot.' }, null)}${chunk({}, 'stop')}data: [DONE]\n\n`;

const server = createServer((request, response) => {
  request.resume();
  request.once('end', () => void wait(MS).then(() => response.end(ANSWER)));
  response.writeHead(200, { 'content-type': 'text/event-stream' });
});
server.listen(0, '127.0.0.1', () =>
  console.log(JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })),
);
