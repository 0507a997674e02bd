import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BARE_ENV } from './support/child-server.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { callTool } from './support/mcp.ts';
import { blocksOf, pageOf, takeStep } from './support/walk.ts';

const ROOT = join(import.meta.dirname, '..');
const page = await pageOf('agent-walk.md');
let app: TestApp;
let directory: string;
let key = 'no key yet';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-agent-walk-'));
  app = await startTestApp({ realAccess: true, env: { API_KEY: 'the key of the operator' } });
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true, force: true });
});

/** A configuration as somebody would put it in, with their key and the address of their server. */
const given = (text: string) =>
  text.replaceAll('127.0.0.1:4000', new URL(app.url).host).replaceAll(/\bKEY\b/g, key);

test('each step goes as it is printed', async () => {
  const steps = blocksOf(page, 'sh');
  expect(steps.length).toBe(6);
  for (const step of steps) {
    const env = { PORT: new URL(app.url).port, DATA_DIR: app.directory, KEY: key };
    const shown = await takeStep(step, { directory, env, put: () => ({ 'http://127.0.0.1:4000': app.url }) });
    key = /again: (echo_\S+)/.exec(shown)?.[1] ?? key;
  }
});

interface Server {
  readonly url?: string;
  readonly headers?: Record<string, string>;
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
}

test('each host finds the memory by its configuration', { timeout: 120_000 }, async () => {
  const configurations = blocksOf(page, 'json').map(
    (text) => JSON.parse(given(text)) as Record<'mcpServers' | 'servers', Record<string, Server>>,
  );
  expect(configurations.length).toBe(4);
  for (const { mcpServers, servers } of configurations)
    for (const server of Object.values(mcpServers ?? servers)) {
      // VS Code asks for it.
      const headers = { Authorization: server.headers?.Authorization?.replace(/\$\{input:.*\}/, key) ?? '' };
      const transport = server.url
        ? new StreamableHTTPClientTransport(new URL(server.url), { requestInit: { headers } })
        : stdioOf(server);
      await expectPetrel(transport);
    }
});

/** `npm` finds a Node that is older than the one of this run; what it runs is the same. */
function stdioOf({ command, args, env }: Server): StdioClientTransport {
  expect([command, args]).toEqual(['npm', ['run', '-s', 'mcp', '--prefix', '/path/to/echo-brain']]);
  const own = { PORT: new URL(app.url).port, DATA_DIR: join(directory, 'data'), LOG_LEVEL: 'silent' };
  return new StdioClientTransport({
    ...{ command: process.execPath, args: [join(ROOT, 'scripts/mcp.ts')], cwd: directory },
    env: { ...BARE_ENV, HOME: directory, ...own, ...env },
  });
}

async function expectPetrel(transport: StdioClientTransport | StreamableHTTPClientTransport) {
  const client = new Client({ name: 'host', version: '1' }, { versionNegotiation: { mode: 'legacy' } });
  await client.connect(transport);
  expect((await client.listTools()).tools).toHaveLength(11);
  const { context, userId } = await callTool(client, 'recall', { query: 'What is my boat called?' });
  expect([context, userId]).toEqual([expect.stringContaining('My boat is called Petrel.'), 'ada']);
  await client.close();
}

test('each program of the OpenAI protocol gets its models and an answer by its configuration', async () => {
  const configurations = blocksOf(page, 'yaml').map(given);
  expect(configurations.length).toBe(2);
  for (const yaml of configurations) {
    const of = (name: string) => new RegExp(`^ +${name}: (.*)$`, 'm').exec(yaml)?.[1] ?? '';
    const headers = { authorization: `Bearer ${of('apiKey')}`, 'content-type': 'application/json' };
    const base = of('baseURL') || of('apiBase');
    const models = await (await fetch(`${base}/models`, { headers })).json();
    expect(models.data.map(({ id }: { id: string }) => id)).toContain('echo-brain');
    const body = JSON.stringify({
      ...{ model: 'echo-brain', messages: [{ role: 'user', content: 'What is my boat called?' }] },
    });
    const answer = await (await fetch(`${base}/chat/completions`, { method: 'POST', headers, body })).json();
    expect(answer.choices[0].message.content).toContain('Petrel');
    await expectPetrel(
      new StreamableHTTPClientTransport(new URL(of('url')), {
        requestInit: { headers: { Authorization: of('Authorization') } },
      }),
    );
  }
});
