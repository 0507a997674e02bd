import type { IncomingHttpHeaders } from 'node:http';
import { type Permission, type Principal, permissionsOf, scopeOf } from '../access/principals.ts';
import { HttpProblem, MethodNotAllowed } from '../http/body.ts';
import { type Route, sendJson } from '../http/server.ts';

/** What clients are told of who issues tokens for this door, so that they can go there by themselves. */
export interface McpOAuth {
  /** The address of this door, as clients have it; tokens are issued for it. */
  readonly resource: string;
  /** The identity provider's issuer, whose own metadata say where it authorises. */
  readonly authorizationServer: string;
  /** Where all of this is told, as clients have it. */
  readonly metadataUrl: string;
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource';
/** What tools need; a client that asks for both at once never has to ask again. */
const SCOPES: readonly Permission[] = ['READ', 'WRITE'];

/** Protected resource metadata (RFC 9728), which anybody may read: at the door's well-known path, and at the bare one. */
export function oauthMetadataRoute(
  { resource, authorizationServer, metadataUrl }: McpOAuth,
  door: string,
): Route {
  const metadata = {
    resource,
    authorization_servers: [authorizationServer],
    scopes_supported: SCOPES.map(scopeOf),
    bearer_methods_supported: ['header'],
    resource_name: 'Echo Brain',
  };
  const places = [WELL_KNOWN, WELL_KNOWN + door, new URL(metadataUrl).pathname];
  return {
    door: 'oauth',
    prefix: WELL_KNOWN,
    handle: async ({ url = '', method = '' }, response) => {
      if (!places.includes(url.split('?', 1)[0] ?? ''))
        throw new HttpProblem(404, 'NOT_FOUND', 'there is nothing at this path');
      if (method !== 'GET' && method !== 'HEAD') throw new MethodNotAllowed('GET', 'HEAD');
      sendJson(response, 200, metadata);
    },
  };
}

/** The header `www-authenticate` of who was not let in: where a token comes from, and what it is to be for (RFC 6750, 3). */
export function unauthenticated({ metadataUrl }: McpOAuth, { authorization }: IncomingHttpHeaders): string {
  return challenge(metadataUrl, SCOPES, authorization === undefined ? null : 'invalid_token');
}

/** The same for who was let in with a token that is for less: what it is for stays in the next one. */
export function insufficientScope(
  { metadataUrl }: McpOAuth,
  needed: Permission,
  { permissions }: Principal,
): string {
  const scopes = SCOPES.filter((each) => each === needed || permissions.includes(each));
  return challenge(metadataUrl, scopes, 'insufficient_scope');
}

function challenge(metadataUrl: string, scopes: readonly Permission[], error: string | null): string {
  const parameters = {
    ...(error !== null && { error }),
    scope: scopes.map(scopeOf).join(' '),
    resource_metadata: metadataUrl,
  };
  return `Bearer ${Object.entries(parameters)
    .map(([name, value]) => `${name}="${value}"`)
    .join(', ')}`;
}

/** Whether the caller has a token that is for less than they may do themselves, so that another token would help. */
export function wouldWiderTokenHelp(
  { credential, permissions, roles }: Principal,
  needed: Permission,
): boolean {
  return (
    credential?.kind === 'TOKEN' &&
    !permissions.includes(needed) &&
    permissionsOf(roles, [needed]).includes(needed)
  );
}
