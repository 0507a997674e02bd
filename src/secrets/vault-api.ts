import { z } from 'zod';
import type { VaultOptions } from '../config/secrets.ts';

/** Vault does not answer, or not as expected. Messages hold no secrets. */
export class VaultError extends Error {
  override readonly name = 'VaultError';
  /** HTTP status; null: no answer. */
  readonly status: number | null;
  constructor(problem: string, status: number | null = null) {
    super(problem);
    this.status = status;
  }
  /** Whether asking again may help: Vault is away, sealed, or overloaded. */
  get isPassing(): boolean {
    return this.status === null || this.status === 429 || this.status >= 500;
  }
}

/** What a token allows for how long. */
export interface VaultToken {
  readonly token: string;
  /** Seconds from when it was told; 0: for ever. */
  readonly ttl: number;
  readonly renewable: boolean;
}

const Login = z.object({
  auth: z.object({ client_token: z.string(), lease_duration: z.number(), renewable: z.boolean() }),
});
const Self = z.object({ data: z.object({ ttl: z.number(), renewable: z.boolean().default(false) }) });
const Secret = z.object({ data: z.object({ data: z.record(z.string(), z.unknown()).nullable() }) });

/**
 * The five calls of Vault's HTTP API (OpenBao has the same) that reading secrets needs.
 * https://developer.hashicorp.com/vault/api-docs
 */
export class VaultApi {
  readonly #options: VaultOptions;
  readonly #fetch: typeof fetch;

  constructor(options: VaultOptions, fetch: typeof globalThis.fetch) {
    this.#options = options;
    this.#fetch = fetch;
  }

  /** Logs in with AppRole, or asks how long the token that was given is valid. @throws VaultError */
  async logIn(): Promise<VaultToken> {
    const { login } = this.#options;
    if ('token' in login) {
      const { data } = Self.parse(await this.#call('GET', 'auth/token/lookup-self', login.token));
      return { token: login.token, ...data };
    }
    const body = { role_id: login.roleId, secret_id: login.secretId };
    return tokenIn(await this.#call('POST', 'auth/approle/login', null, body));
  }

  /** Makes a token valid for longer. @throws VaultError */
  async renew({ token }: VaultToken): Promise<VaultToken> {
    return tokenIn(await this.#call('POST', 'auth/token/renew-self', token, {}));
  }

  /** The latest version of the secret. @throws VaultError, with status 404 where there is none */
  async read({ token }: VaultToken): Promise<Readonly<Record<string, unknown>>> {
    const { data } = Secret.parse(await this.#call('GET', dataPath(this.#options.path), token));
    if (data.data === null) throw new VaultError('the secret was deleted', 404);
    return data.data;
  }

  async #call(method: 'GET' | 'POST', path: string, token: string | null, body?: object): Promise<unknown> {
    const { address, namespace } = this.#options;
    const url = `${address.replace(/\/+$/, '')}/v1/${path}`;
    const response = await this.#fetch(url, {
      method,
      headers: {
        'x-vault-request': 'true',
        ...(token !== null && { 'x-vault-token': token }),
        ...(namespace !== null && { 'x-vault-namespace': namespace }),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    }).catch((error: Error & { code?: string; cause?: { code?: string } }) => {
      if (error.code === 'URL_FORBIDDEN') throw new VaultError(error.message, 403);
      throw new VaultError(`it cannot be reached (${error.cause?.code ?? error.message})`);
    });
    const answer: unknown = await response.json().catch(() => null);
    if (response.ok && answer !== null) return answer;
    if (response.ok) throw new VaultError(`${method} ${path} was answered with something that is no JSON`);
    const errors = z.object({ errors: z.array(z.string()) }).safeParse(answer).data?.errors ?? [];
    throw new VaultError(
      `${method} ${path} was answered with ${response.status}${errors.length > 0 ? ` (${errors.join('; ').replaceAll('\n', ' ').trim()})` : ''}`,
      response.status,
    );
  }
}

function tokenIn(answer: unknown): VaultToken {
  const { auth } = Login.parse(answer);
  return { token: auth.client_token, ttl: auth.lease_duration, renewable: auth.renewable };
}

/**
 * `secret/echo-brain` and `secret/data/echo-brain` are the same secret of the engine mounted at `secret`; an engine whose
 * mount has a slash needs the second form.
 */
function dataPath(path: string): string {
  if (path.includes('/data/')) return path;
  const [mount = '', ...rest] = path.split('/');
  return `${mount}/data/${rest.join('/')}`;
}
