import {
  Client,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import WebSocket from 'ws';
import { sealAudit } from './support/audit.ts';
import { startAuthorizationServer } from './support/authorization-server.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { callTool, connectMcp, refusalOf } from './support/mcp.ts';

const ADMIN_KEY = 'key-of-the-operator';
const ISSUER = 'https://id.example.org';
/** As clients have it, behind a proxy that passes on what follows `/brain`. */
const RESOURCE = 'https://memory.example.org/brain/mcp';
const METADATA = 'https://memory.example.org/.well-known/oauth-protected-resource/brain/mcp';
const REDIRECT = 'http://127.0.0.1:5999/callback';

let provider: Awaited<ReturnType<typeof startAuthorizationServer>>;
let app: TestApp;
beforeAll(async () => {
  provider = await startAuthorizationServer(ISSUER, 'ada');
  app = await startTestApp({
    realAccess: true,
    env: {
      ...{ API_KEY: ADMIN_KEY, JWT_JWKS_URL: `${provider.origin}/keys`, JWT_ISSUER: ISSUER },
      ...{ JWT_AUDIENCE: 'echo-brain', MCP_RESOURCE_URL: RESOURCE, CORS_ORIGINS: 'https://host.example.org' },
    },
  });
});
afterAll(async () => {
  await app.close();
  await provider.close();
});
beforeEach(() => void provider.asked.splice(0));

/** The proxy, and the names of both servers. */
const through: typeof fetch = (input, init) => {
  const url = String(input instanceof Request ? input.url : input)
    .replace(ISSUER, provider.origin)
    .replace('https://memory.example.org/brain', app.url)
    .replace('https://memory.example.org', app.url);
  return fetch(url, init);
};

/** A host of a person who agrees to whatever it asks for. */
class Host {
  readonly client = new Client({ name: 'host', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
  readonly #kept: {
    client?: StoredOAuthClientInformation | undefined;
    tokens?: StoredOAuthTokens | undefined;
    found?: OAuthDiscoveryState;
    verifier?: string;
    goingTo?: URL;
  } = {};

  get #provider(): OAuthClientProvider {
    const kept = this.#kept;
    const keep = (more: typeof kept) => void Object.assign(kept, more);
    return {
      redirectUrl: REDIRECT,
      clientMetadata: { client_name: 'host', redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none' },
      clientInformation: () => kept.client,
      saveClientInformation: (client) => keep({ client }),
      tokens: () => kept.tokens,
      saveTokens: (tokens) => keep({ tokens }),
      saveCodeVerifier: (verifier) => keep({ verifier }),
      codeVerifier: () => kept.verifier ?? '',
      saveDiscoveryState: (found) => keep({ found }),
      discoveryState: () => kept.found,
      redirectToAuthorization: (goingTo) => keep({ goingTo }),
    };
  }

  /** As if it had asked for less when it was last there. */
  shows(token: string, scope: string) {
    this.#kept.tokens = { access_token: token, token_type: 'Bearer', scope, issuer: ISSUER };
    this.#kept.client = { client_id: 'a-host', issuer: ISSUER };
  }

  async connect(): Promise<void> {
    await this.withConsent((transport) => this.client.connect(transport));
  }

  /** Does something, and once more after the person has agreed, if that is asked for. */
  async withConsent<T>(work: (transport: StreamableHTTPClientTransport) => Promise<T>): Promise<T> {
    const transport = () =>
      new StreamableHTTPClientTransport(new URL(RESOURCE), {
        authProvider: this.#provider,
        fetch: through,
      });
    const first = transport();
    try {
      return await work(first);
    } catch (error) {
      if (!(error instanceof UnauthorizedError) || !this.#kept.goingTo) throw error;
      const back = provider.agree(this.#kept.goingTo);
      await ((this.client.transport as StreamableHTTPClientTransport | undefined) ?? first).finishAuth(
        back.searchParams,
      );
      return work(transport());
    }
  }
}

const post = (headers: Record<string, string> = {}, body: unknown = ping) =>
  fetch(`${app.url}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify(body),
  });
const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const remember = {
  jsonrpc: '2.0',
  id: 2,
  method: 'tools/call',
  params: { name: 'remember', arguments: { text: 'x' } },
};
const challengeOf = (error: string | null, scope: string) =>
  `Bearer ${error === null ? '' : `error="${error}", `}scope="${scope}", resource_metadata="${METADATA}"`;
const BOTH = 'memory:read memory:write';

test('a host that has the address and nothing else finds the provider, asks its user, and has the memory of this user', async () => {
  const host = new Host();
  await host.connect();
  expect(provider.asked).toEqual([{ scope: BOTH, resource: RESOURCE }]);
  expect((await callTool(host.client, 'remember', { text: 'The boat is called Petrel.' })).userId).toBe(
    'ada',
  );
  const { context } = await callTool(host.client, 'recall', { query: 'What is the boat called?' });
  expect(context).toContain('Petrel');
  await host.client.close();
});

test('the metadata are at the path of the door, at its own and at the bare one, and for anybody', async () => {
  for (const path of ['', '/mcp', '/brain/mcp', '/mcp?x=1']) {
    const answer = await fetch(`${app.url}/.well-known/oauth-protected-resource${path}`);
    expect([path, answer.status, await answer.json()]).toEqual([
      path,
      200,
      {
        resource: RESOURCE,
        authorization_servers: [ISSUER],
        scopes_supported: ['memory:read', 'memory:write'],
        bearer_methods_supported: ['header'],
        resource_name: 'Echo Brain',
      },
    ]);
  }
  for (const path of ['/graphql', '/mcp/', '/brain', 'x'])
    expect((await fetch(`${app.url}/.well-known/oauth-protected-resource${path}`)).status).toBe(404);
  const written = await fetch(`${app.url}/.well-known/oauth-protected-resource`, {
    method: 'POST',
    body: '{}',
  });
  expect([written.status, written.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  const page = await fetch(`${app.url}/.well-known/oauth-protected-resource/mcp`, {
    headers: { origin: 'https://host.example.org' },
  });
  expect(page.headers.get('access-control-allow-origin')).toBe('https://host.example.org');
});

test('who is not let in is told where a token comes from, at this door alone', async () => {
  const nothing = await post();
  expect([nothing.status, nothing.headers.get('www-authenticate')]).toEqual([401, challengeOf(null, BOTH)]);
  const wrong = await post({ ...bearer('echo_x'), origin: 'https://host.example.org' });
  expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([
    401,
    challengeOf('invalid_token', BOTH),
  ]);
  expect(wrong.headers.get('access-control-expose-headers')).toContain('www-authenticate');
  const elsewhere = await fetch(`${app.url}/v1/models`);
  expect([elsewhere.status, elsewhere.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
});

test('a token for this door opens no other, and one for the server opens this one, too', async () => {
  const narrow = await provider.sign(RESOURCE);
  const wide = await provider.sign('echo-brain');
  const another = await provider.sign('https://memory.example.org/');
  const statusOf = async (token: string) => {
    const headers = bearer(token);
    const socket = new WebSocket(`${app.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const closed = new Promise<string>((resolve) => {
      socket.once('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: headers })));
      socket.once('message', (data) => resolve(JSON.parse(String(data)).type));
      socket.once('close', (code) => resolve(String(code)));
    });
    const doors = [
      await post(headers),
      await fetch(`${app.url}/graphql?query={me{userId}}`, {
        headers: { ...headers, 'graphql-require-preflight': '1' },
      }),
      await fetch(`${app.url}/api/echo/stats`, { headers }),
      await fetch(`${app.url}/v1/models`, { headers }),
    ];
    const statuses = doors.map(({ status }) => status);
    const result = [...statuses, await closed];
    socket.close();
    return result;
  };
  expect(await statusOf(narrow)).toEqual([200, 401, 401, 401, '4403']);
  expect(await statusOf(wide)).toEqual([200, 200, 200, 200, 'connection_ack']);
  expect(await statusOf(another)).toEqual([401, 401, 401, 401, '4403']);
});

test('a host whose token only reads is told so when it writes, asks for more, and writes', async () => {
  const host = new Host();
  host.shows(await provider.sign(RESOURCE, { scope: 'openid memory:read' }), 'memory:read');
  await host.connect();
  expect(provider.asked).toEqual([]);
  const names = (await host.client.listTools()).tools.map(({ name }) => name);
  expect([names.includes('recall'), names.includes('remember')]).toEqual([true, false]);
  const { userId } = await host.withConsent(() =>
    callTool(host.client, 'remember', { text: 'The cat is Tom.' }),
  );
  expect(userId).toBe('ada');
  expect(provider.asked).toEqual([{ scope: expect.stringContaining('memory:write'), resource: RESOURCE }]);
  await host.client.close();
});

test('nothing is done with a token that is for less, and it is audited', async () => {
  const refusals = async () => {
    await sealAudit(app);
    const [row] = await app.sql<{ n: number }>(
      "select count(*)::int as n from echo_audit_log where action = '/mcp' and result = 'FORBIDDEN' and actor is not null",
    );
    return row?.n ?? 0;
  };
  const before = await refusals();
  const reads = bearer(await provider.sign(RESOURCE, { scope: 'memory:read' }));
  const writes = bearer(await provider.sign(RESOURCE, { scope: 'MEMORY:WRITE' }));
  const refused = await post(reads, remember);
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
    403,
    challengeOf('insufficient_scope', BOTH),
  ]);
  expect(await refused.json()).toMatchObject({ jsonrpc: '2.0', error: { data: { code: 'FORBIDDEN' } } });
  for (const [method, params] of [
    ['resources/list', {}],
    ['resources/read', { uri: 'echo://facts' }],
    ['prompts/get', { name: 'recall_context', arguments: { topic: 'x' } }],
    ['tools/call', { name: 'recall', arguments: { query: 'x' } }],
  ] as const) {
    const answer = await post(writes, { jsonrpc: '2.0', id: 1, method, params });
    expect([method, answer.status, answer.headers.get('www-authenticate')]).toEqual([
      method,
      403,
      challengeOf('insufficient_scope', BOTH),
    ]);
  }
  expect((await post(reads)).status).toBe(200);
  expect(await refusals()).toBeGreaterThan(before);
});

test('a token that was meant to be for less is never for all', async () => {
  const permissionsOf = async (claims: object) => {
    const query = '{ me { permissions } }';
    const answer = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { ...bearer(await provider.sign('echo-brain', claims)), 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    const { data } = (await answer.json()) as { data: { me: { permissions: string[] } } | null };
    return data?.me.permissions ?? [];
  };
  for (const claims of [
    { scope: ['memory:read'] },
    { scp: ['memory:read', 'openid'] },
    { scp: 'memory:read' },
    { scope: 'openid\tmemory:read' },
    { scope: 'memory:reads,memory:read' },
    { scope: 'memory:read memory:admin', roles: ['USER'] },
  ])
    expect([claims, await permissionsOf(claims)]).toEqual([claims, ['READ']]);
  for (const scope of ['memory:reads', ['memory:'], 'memory:admin'])
    expect([scope, await permissionsOf({ scope })]).toEqual([scope, []]);
  for (const scope of ['openid profile', '', [], null, 7])
    expect([scope, await permissionsOf({ scope })]).toEqual([scope, ['READ', 'WRITE']]);
  const reads = bearer(await provider.sign(RESOURCE, { scope: 'memory:read' }));
  expect((await post(reads, remember)).headers.get('www-authenticate')).toBe(
    challengeOf('insufficient_scope', BOTH),
  );
});

test('where another token would not help, a model is told as ever', async () => {
  const nobody = await connectMcp(app.url, bearer(await provider.sign(RESOURCE, { roles: ['guest'] })));
  expect(await refusalOf(nobody, 'remember', { text: 'x' })).toMatch(/^FORBIDDEN: .*WRITE/);
  await nobody.close();
  const made = await fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': ADMIN_KEY },
    body: JSON.stringify({
      query:
        'mutation { createApiKey(input: { name: "reader", userId: "ada", permissions: [READ] }) { ... on CreateApiKeySuccess { key } } }',
    }),
  });
  const { data } = (await made.json()) as { data: { createApiKey: { key: string } } };
  const reader = await connectMcp(app.url, bearer(data.createApiKey.key));
  expect(await refusalOf(reader, 'remember', { text: 'x' })).toMatch(/^FORBIDDEN: .*WRITE/);
  await reader.close();
});
