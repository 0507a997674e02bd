import { type Mutation, one } from './mutation.ts';

/** What was deleted stays deleted, and who may do what. */
export const REFUSALS: readonly Mutation[] = [
  one(
    'erased-users-come-back',
    'domains/privacy/tombstones.ts',
    ['return erased !== null && at <= erased.at;', 'return false;'],
    ['privacy'],
    'waited in the journal of a server that was down',
  ),
  one(
    'erased-time-is-not-checked',
    'domains/privacy/tombstones.ts',
    ['if (!erased || at > (named ? erased.unmarkedAt : erased.at)) return;', 'return;'],
    ['deletions'],
    'after an erasure',
  ),
  one(
    'deleted-turns-are-stored-again',
    'domains/interactions/apply.ts',
    ['where turn_id not in (select turn_id from deleted)', ''],
    ['deletions'],
    'is not stored once it was deleted',
  ),
  one(
    'everybody-has-every-permission',
    'access/principals.ts',
    ['if (!principal.permissions.includes(permission))', 'if (false)'],
    ['security-access'],
    'a key without the permission',
  ),
  one(
    'fields-ask-for-no-permission',
    'graphql/permitted.ts',
    ['if (principal.permissions.includes(permission)) return;', 'return;'],
    ['security-access'],
    'a key without the permission',
  ),
  one(
    'subscriptions-ask-for-no-permission',
    'graphql/permitted.ts',
    ["subscribe && field.kind === 'Subscription'", "subscribe && field.kind !== 'Subscription'"],
    ['security-access'],
    'with a key that may only write: no subscription',
  ),
  one(
    'users-act-for-others',
    'access/principals.ts',
    ["return principal.roles.includes('ADMIN') || principal.roles.includes('SERVICE');", 'return true;'],
    ['isolation'],
    'Query.conversations(userId)',
  ),
  one(
    'pages-of-other-sites-use-tools',
    'mcp/door.ts',
    ['hall.guarded(request, MCP_PATH, (guard) => guard.checkPage(request));', ''],
    ['mcp-door'],
    'a page of another site is refused',
  ),
  one(
    'tokens-for-tools-open-every-door',
    'app.ts',
    ["request.url?.split('?', 1)[0] === MCP_PATH", 'true'],
    ['mcp-oauth'],
    'a token for this door opens no other',
  ),
  one(
    'hosts-are-not-told-that-a-token-is-for-less',
    'mcp/oauth.ts',
    ["credential?.kind === 'TOKEN' &&", 'false &&'],
    ['mcp-oauth'],
    'a host whose token only reads',
  ),
  one(
    'scopes-of-tokens-narrow-nothing',
    'access/tokens.ts',
    [' || words.includes(scopeOf(permission))', ''],
    ['mcp-oauth'],
    'nothing is done with a token that is for less',
  ),
  one(
    'tools-ask-for-no-permission',
    'mcp/call.ts',
    ['correlationId, ...demandsOf(tool) };', 'correlationId };'],
    ['mcp-door'],
    'with access control',
  ),
];
