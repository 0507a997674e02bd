import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { BARE_ENV } from './support/child-server.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { callTool, ERAS, type Era } from './support/mcp.ts';

let app: TestApp;
let directory: string;
const clients: Client[] = [];
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-mcp-'));
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await rm(directory, { recursive: true, force: true });
});

/** A host that starts the command, as `npm run -s mcp` does. */
async function host(env: Record<string, string>, era: Era = 'modern'): Promise<Client> {
  const client = new Client(
    { name: 'host', version: '1' },
    { versionNegotiation: { mode: era === 'modern' ? { pin: '2026-07-28' } : 'legacy' } },
  );
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [join(import.meta.dirname, '..', 'scripts', 'mcp.ts')],
    cwd: directory,
    env: { ...BARE_ENV, HOME: directory, LOG_LEVEL: 'silent', SEED: 'off', ...env },
    stderr: 'inherit',
  });
  await client.connect(transport, { timeout: 120_000 });
  clients.push(client);
  return client;
}

async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

/** Each host is a process that loads its program, and a busy machine takes its time. */
const SLOW_MS = 300_000;

test.each(ERAS)('a host of the %s revision reaches the running server', { timeout: SLOW_MS }, async (era) => {
  const client = await host({ PORT: new URL(app.url).port, DATA_DIR: join(directory, 'data') }, era);
  expect((await client.listTools()).tools).toHaveLength(11);
  const { turnId } = await callTool(client, 'remember', { text: `Over standard input, ${era}: größer 🦊` });
  const rows = await app.sql('select query from echo_unified_interactions where turn_id = $1', [turnId]);
  expect(rows).toEqual([{ query: `Over standard input, ${era}: größer 🦊` }]);
  // Answers to several requests at once find their ways.
  const asked = ['notes', 'unknown'].map((conversationId) =>
    client.callTool({ name: 'get_conversation', arguments: { conversationId } }),
  );
  expect((await Promise.all(asked)).map(({ isError }) => isError ?? false)).toEqual([false, true]);
  await expect(client.readResource({ uri: 'echo://conversations/größer' })).rejects.toMatchObject({
    code: -32602,
  });
});

test('hosts share a server that one of them starts, and outlive it', { timeout: SLOW_MS }, async () => {
  const env = { PORT: await freePort(), DATA_DIR: join(directory, 'data'), DATABASE_URL: app.databaseUrl };
  const [first, second] = await Promise.all([host(env), host(env, 'legacy')]);
  const shared = { text: 'Shared by two', conversationId: 'shared', idempotencyKey: 'first' };
  // Two that start at once may both have started a server, of which one ends.
  await expect
    .poll(() => callTool(first as Client, 'remember', shared).catch((error: Error) => error.message), {
      timeout: 60_000,
    })
    .toMatchObject({ conversationId: 'shared' });
  const read = async (client: Client) =>
    (await callTool(client, 'get_conversation', { conversationId: 'shared' })).turns.length;
  await expect
    .poll(() => read(second as Client).catch((error: Error) => error.message), { timeout: 60_000 })
    .toBe(1);
  for (const [index, client] of [first, second].entries()) {
    await (client as Client).close();
    const other = [second, first][index] as Client;
    // The server ends with the host that started it; the other one starts its own.
    if (index === 0) {
      const again = { text: 'And one more', conversationId: 'shared', idempotencyKey: 'again' };
      const remember = () => callTool(other, 'remember', again).catch((error: Error) => error.message);
      await expect
        .poll(remember, { timeout: 120_000 })
        .toMatchObject({ durability: 'COMMITTED', conversationId: 'shared' });
      await expect
        .poll(() => read(other).catch((error: Error) => error.message), { timeout: 60_000 })
        .toBe(2);
    }
  }
});

test('what the server refuses as a whole is answered in its words', { timeout: SLOW_MS }, async () => {
  const guarded = await startTestApp({ realAccess: true, env: { API_KEY: 'key-of-the-operator' } });
  try {
    const env = { PORT: new URL(guarded.url).port, DATA_DIR: join(directory, 'data') };
    await expect(host({ ...env, ECHO_API_KEY: 'wrong-key-of-nobody' }, 'legacy')).rejects.toThrow(
      /show a valid API key.*ECHO_API_KEY/,
    );
    const client = await host({ ...env, ECHO_API_KEY: 'key-of-the-operator' });
    expect(await callTool(client, 'remember', { text: 'With a key' })).toMatchObject({ userId: 'default' });
  } finally {
    await guarded.close();
  }
});

test('a host that says all at once and closes its end hears every answer', { timeout: SLOW_MS }, async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'scripts', 'mcp.ts')], {
    cwd: directory,
    env: { ...BARE_ENV, HOME: directory, PORT: new URL(app.url).port, DATA_DIR: join(directory, 'data') },
  });
  const clientInfo = { name: 'a pipe', version: '1' };
  const asked = [
    { method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo } },
    { method: 'tools/call', params: { name: 'remember', arguments: { text: 'Said into a pipe.' } } },
    { method: 'tools/list' },
  ].map((request, id) => ({ jsonrpc: '2.0', id, ...request }));
  child.stdin.end(asked.map((request) => `${JSON.stringify(request)}\n`).join(''));
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  const answers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(answers.map(({ id, error }) => [id, error]).sort()).toEqual(asked.map(({ id }) => [id, undefined]));
  expect([stderr, code]).toEqual(['', 0]);
});
