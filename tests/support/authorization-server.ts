import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

/**
 * An identity provider that says yes to everybody: what oidc-provider 9.13 answered to the client of the protocol's SDK (metadata,
 * registration of a client, code for a token with PKCE), without its pages.
 *
 * @param issuer what it calls itself; requests to it come to `origin` instead
 */
export async function startAuthorizationServer(issuer: string, user: string) {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
  const asked: { scope: string | null; resource: string | null }[] = [];
  const codes = new Map<string, URLSearchParams>();
  /** A token of this provider. @param claims beside who issued it, for whom and until when */
  const sign = (audience: string, claims: object = {}) =>
    new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'one', typ: 'at+jwt' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(user)
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey);

  /** Where the person's browser is sent once they have agreed. */
  const agree = (at: URL): URL => {
    const code = randomUUID();
    codes.set(code, at.searchParams);
    asked.push({ scope: at.searchParams.get('scope'), resource: at.searchParams.get('resource') });
    const back = new URL(at.searchParams.get('redirect_uri') ?? '');
    for (const [name, value] of Object.entries({ code, iss: issuer })) back.searchParams.set(name, value);
    const state = at.searchParams.get('state');
    if (state !== null) back.searchParams.set('state', state);
    return back;
  };

  const tokenFor = async (given: URLSearchParams): Promise<[number, object]> => {
    const granted = codes.get(given.get('code') ?? '');
    codes.delete(given.get('code') ?? '');
    const proof = createHash('sha256')
      .update(given.get('code_verifier') ?? '')
      .digest('base64url');
    if (granted?.get('code_challenge') !== proof || granted.get('resource') !== given.get('resource'))
      return [400, { error: 'invalid_grant' }];
    const scope = granted.get('scope') ?? '';
    const token = await sign(granted.get('resource') ?? '', { scope, client_id: granted.get('client_id') });
    return [200, { access_token: token, token_type: 'Bearer', expires_in: 300, scope }];
  };

  const answer = async (request: IncomingMessage): Promise<[number, object]> => {
    const { pathname } = new URL(request.url ?? '', issuer);
    const body = await text(request);
    if (pathname === '/keys') return [200, { keys: [jwk] }];
    if (pathname === '/reg') return [201, { ...(JSON.parse(body) as object), client_id: 'a-host' }];
    if (pathname === '/token') return tokenFor(new URLSearchParams(body));
    if (pathname === '/.well-known/oauth-authorization-server') return [200, metadata];
    return [404, { error: 'not_found' }];
  };
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/reg`,
    jwks_uri: `${issuer}/keys`,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
    authorization_response_iss_parameter_supported: true,
  };
  const server = createServer((request, response) => {
    answer(request)
      .then(([status, body]) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      )
      .catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** What clients asked people for, in order. */
    asked,
    agree,
    sign,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
