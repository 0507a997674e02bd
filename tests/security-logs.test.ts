import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startChildServer } from './support/child-server.ts';

const KEY = 'key-of-the-operator';
const SECRET = 'xylophone7f3a';
const BREAKING = `${SECRET}\r\n{"level":50,"msg":"forged"}\u001b[31m\u0007\u2028`;

test('the log is one JSON object a line, without what was said and without secrets', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'echo-logs-'));
  const server = await startChildServer(directory, {
    API_KEY: KEY,
    LOG_LEVEL: 'trace',
    SQL_ECHO: 'true',
  });
  try {
    const send = (headers: Record<string, string>, query: string, variables: object = {}) =>
      fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query, variables }),
      }).then((response) => response.text());
    const ask = `mutation ($q: String!, $c: String!, $u: String) {
      processQuery(input: { query: $q, conversationId: $c, userId: $u }) { __typename ... on Error { message } } }`;
    const answered = await send({ 'x-api-key': KEY }, ask, {
      q: BREAKING,
      c: `c ${BREAKING}`.slice(0, 90),
      u: `u ${BREAKING}`.slice(0, 90),
    });
    expect(answered).toContain('ProcessQuerySuccess');
    await send({ 'x-api-key': KEY }, ask, { q: '', c: BREAKING });
    await send({ 'x-api-key': KEY }, `{ memorySearch(query: "${SECRET}") { hits { score } } }`);
    await send({ 'x-api-key': KEY }, `{ nothing${SECRET} }`);
    await send({ 'x-api-key': `echo_000000000000_${SECRET}` }, '{ me { userId } }');
    await send({ authorization: `Bearer ${SECRET}` }, '{ me { userId } }');
    await fetch(`${server.url}/api/echo/conversation/${encodeURIComponent(BREAKING)}`, {
      headers: { 'x-api-key': KEY },
    });
    await fetch(`${server.url}/${SECRET}%0d%0aforged`, { headers: { 'x-api-key': KEY } });
    // What was sent is written once the next statements are.
    await expect
      .poll(() => server.logged.filter((line) => line.includes('"statement"')).length)
      .toBeGreaterThan(8);
    const lines = server.logged.filter((line) => !line.startsWith('>') && line !== '');
    for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
    const all = lines.join('\n');
    expect(all).not.toContain(SECRET);
    expect(all).not.toContain(KEY);
    expect(all).not.toContain('forged');
    expect(all).not.toContain('\u001b');
  } finally {
    server.signal('SIGTERM');
    await server.exited;
    await rm(directory, { recursive: true, force: true });
  }
});
