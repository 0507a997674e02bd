import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export interface VaultDouble {
  readonly url: string;
  readonly roleId: string;
  readonly secretId: string;
  readonly rootToken: string;
  /** Calls so far, as `GET secret/data/x`, oldest first. */
  readonly calls: string[];
  /** The secret's latest version; null: it was deleted. */
  secret: Record<string, unknown> | null;
  sealed: boolean;
  /** Whether the policy forbids to read the secret. */
  forbidden: boolean;
  /** Seconds that a login's token lives at a time, and at most. */
  ttl: number;
  maxTtl: number;
  /** Whether logins are taken. */
  takesLogins: boolean;
  /** Makes every token of a login worthless. */
  revokeAll(): void;
  close(): Promise<void>;
}

interface Token {
  readonly dies: number;
  ends: number;
}

/** Answers like Vault 1.21 (KV v2 at `secret`, AppRole), by what a real one was seen to answer. */
export async function startVaultDouble(secret: Record<string, unknown>): Promise<VaultDouble> {
  const tokens = new Map<string, Token>();
  const lifeOf = (token: Token) => Math.floor((token.ends - Date.now()) / 1_000);
  const answers: Record<string, (token: string | null, body: Record<string, unknown>) => [number, unknown]> =
    {
      'POST auth/approle/login': (_token, { role_id, secret_id }) => {
        if (!double.takesLogins || role_id !== double.roleId || secret_id !== double.secretId)
          return [400, { errors: ['invalid role or secret ID'] }];
        const made = `hvs.${randomUUID()}`;
        const dies = Date.now() + double.maxTtl * 1_000;
        tokens.set(made, { dies, ends: Math.min(Date.now() + double.ttl * 1_000, dies) });
        return [
          200,
          { data: null, auth: { client_token: made, lease_duration: double.ttl, renewable: true } },
        ];
      },
      'GET auth/token/lookup-self': (token) => {
        const known = tokens.get(token ?? '');
        return [
          200,
          { data: known ? { ttl: lifeOf(known), renewable: true } : { ttl: 0, renewable: false } },
        ];
      },
      'POST auth/token/renew-self': (token) => {
        const known = tokens.get(token ?? '');
        if (!known) return [400, { errors: ['lease is not renewable'] }];
        known.ends = Math.min(Date.now() + double.ttl * 1_000, known.dies);
        const lease_duration = Math.min(double.ttl, lifeOf(known) + 1);
        return [200, { auth: { client_token: token, lease_duration, renewable: true } }];
      },
      'GET secret/data/echo-brain': () =>
        double.forbidden
          ? [403, { errors: ['1 error occurred:\n\t* permission denied\n\n'] }]
          : double.secret === null
            ? [404, { data: { data: null, metadata: { deletion_time: '2026-01-01T00:00:00Z', version: 1 } } }]
            : [200, { data: { data: double.secret, metadata: { deletion_time: '', version: 1 } } }],
    };
  const server = createServer((request, response) => {
    void (async () => {
      const call = `${request.method} ${request.url?.replace('/v1/', '')}`;
      double.calls.push(call);
      const body = request.method === 'POST' ? ((await json(request)) as Record<string, unknown>) : {};
      const [status, answer] = answerTo(call, (request.headers['x-vault-token'] as string) ?? null, body);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    })();
  });
  const answerTo = (call: string, token: string | null, body: Record<string, unknown>): [number, unknown] => {
    if (double.sealed) return [503, { errors: ['Vault is sealed'] }];
    const known = tokens.get(token ?? '');
    const isValid = token === double.rootToken || (known !== undefined && known.ends > Date.now());
    if (!call.endsWith('/login') && !isValid)
      return [403, { errors: ['2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n'] }];
    return answers[call]?.(token, body) ?? [404, { errors: [] }];
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const double: VaultDouble = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    roleId: 'role-of-echo',
    secretId: 'secret-of-echo',
    rootToken: 'root',
    calls: [],
    secret,
    sealed: false,
    forbidden: false,
    ttl: 3_600,
    maxTtl: 36_000,
    takesLogins: true,
    revokeAll: () => tokens.clear(),
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return double;
}
