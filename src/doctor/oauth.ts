import type { Config } from '../config.ts';
import type { Outbound } from '../outbound/outbound.ts';
import type { Finding } from './finding.ts';

const LIMITS = { timeoutMs: 5_000, maxBytes: 1_048_576 };
const ABOUT = 'MCP_RESOURCE_URL';

type McpOAuth = NonNullable<Config['mcpOAuth']>;

/** Goes the way of a host of MCP up to where it would ask a person: from the address of the door to the provider's metadata. */
export async function lookAtOAuth(oauth: McpOAuth, outbound: Outbound): Promise<readonly Finding[]> {
  return [await lookAtDoor(oauth, outbound), await lookAtProvider(oauth.authorizationServer, outbound)];
}

/** Whether the metadata of the door come through whatever stands before this server. It need not run just now. */
async function lookAtDoor({ resource, metadataUrl }: McpOAuth, outbound: Outbound): Promise<Finding> {
  const found = await documentAt(metadataUrl, outbound);
  if (found.document?.resource === resource)
    return { state: 'OK', about: ABOUT, seen: `${new URL(metadataUrl).host} has its metadata` };
  return {
    state: 'WARNING',
    about: ABOUT,
    seen: `${metadataUrl}: ${found.document ? `names ${String(found.document.resource)}` : found.problem}`,
    advice:
      'hosts look there for the identity provider: start this server, and let what is below that path through to it',
  };
}

async function lookAtProvider(issuer: string, outbound: Outbound): Promise<Finding> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const places = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
  ];
  const answers = await Promise.all(places.map((place) => documentAt(place, outbound)));
  const document = answers.find((answer) => answer.document)?.document;
  const problem = document
    ? problemOf(document, issuer)
    : `it has no metadata: ${places.map((place, at) => `${place}: ${answers[at]?.problem}`).join('; ')}`;
  if (problem === null) return { state: 'OK', about: ABOUT, seen: `${origin} says where it authorises` };
  return {
    state: 'WARNING',
    about: ABOUT,
    seen: `the provider ${issuer}: ${problem}`,
    advice: 'hosts refuse it; correct JWT_ISSUER, or the provider',
  };
}

type Document = Readonly<Record<string, unknown>>;

/** What hosts ask of a provider before they send somebody there. */
function problemOf(document: Document, issuer: string): string | null {
  const { issuer: own, code_challenge_methods_supported: challenges } = document;
  if (own !== issuer) return `it calls itself ${String(own)}`;
  if (!Array.isArray(challenges) || !challenges.includes('S256'))
    return 'it does not say that it takes PKCE (S256)';
  for (const name of ['authorization_endpoint', 'token_endpoint'])
    if (typeof document[name] !== 'string') return `it names no ${name}`;
  return null;
}

async function documentAt(
  url: string,
  outbound: Outbound,
): Promise<{ document: Document; problem: null } | { document: null; problem: string }> {
  try {
    const response = await outbound.fetcherTo(url, LIMITS)(url, { headers: { accept: 'application/json' } });
    if (!response.ok) {
      await response.body?.cancel();
      return { document: null, problem: `it answers ${response.status}` };
    }
    const document: unknown = await response.json();
    if (typeof document === 'object' && document !== null)
      return { document: document as Document, problem: null };
    return { document: null, problem: 'it answers with something else' };
  } catch (error) {
    return { document: null, problem: (error as Error).message };
  }
}
