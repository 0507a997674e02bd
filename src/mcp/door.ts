import { requirePermission } from '../access/principals.ts';
import { HttpProblem, readJson } from '../http/body.ts';
import type { Hall } from '../http/hall.ts';
import type { Problem } from '../http/problem.ts';
import type { Route } from '../http/server.ts';
import type { Caller, ToolResult } from './call.ts';
import {
  insufficientScope,
  type McpOAuth,
  oauthMetadataRoute,
  unauthenticated,
  wouldWiderTokenHelp,
} from './oauth.ts';
import type { McpServices, ToolCall } from './tool.ts';

export const MCP_PATH = '/mcp';
/** Codes of JSON-RPC: what cannot be read, what is no request, what this server refuses. */
const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;
const REFUSED = -32_000;

/**
 * The Model Context Protocol over HTTP: one request, one message, one answer, and nothing kept in between, so that no client
 * minds a restart. What speaks the protocol is loaded with the first request. With OAuth, where tokens come from is told to who has none.
 */
export function mcpRoutes({ services, hall, oauth }: McpParts): Route[] {
  let loading: Promise<ReturnType<typeof import('./server.ts').createMcp>> | null = null;
  const load = () => {
    loading ??= import('./server.ts').then(({ createMcp }) => createMcp(services, hall));
    return loading;
  };
  const route: Route = {
    door: 'mcp',
    prefix: MCP_PATH,
    present,
    ...(oauth && {
      headersOf: ({ status }, headers) =>
        status === 401 ? { 'www-authenticate': unauthenticated(oauth, headers) } : undefined,
    }),
    handle: async (request, response, correlationId) => {
      const [path] = (request.url ?? '').split('?', 1);
      if (path !== MCP_PATH) throw new HttpProblem(404, 'NOT_FOUND', 'there is nothing at this path');
      hall.guarded(request, MCP_PATH, (guard) => guard.checkPage(request));
      if (request.method !== 'POST') {
        response.setHeader('allow', 'POST');
        throw new HttpProblem(
          405,
          'METHOD_NOT_ALLOWED',
          'use POST: this server keeps no sessions and opens no streams',
        );
      }
      await hall.receive(request, { action: MCP_PATH, correlationId }, async (principal) => {
        const message = await readJson(request);
        if (Array.isArray(message))
          throw new HttpProblem(400, 'INVALID_REQUEST', 'a batch is not taken; send each message by itself');
        const { serve, needOf } = await load();
        const needed = oauth && needOf(message);
        if (needed && wouldWiderTokenHelp(principal, needed)) {
          response.setHeader('www-authenticate', insufficientScope(oauth, needed, principal));
          requirePermission(principal, needed);
        }
        await serve(request, response, message, { principal, request, correlationId });
      });
    },
  };
  return oauth ? [oauthMetadataRoute(oauth, MCP_PATH), route] : [route];
}

interface McpParts {
  readonly services: McpServices;
  readonly hall: Hall;
  /** Null: there is none, and a key or token is given to clients. */
  readonly oauth: McpOAuth | null;
}

/** The tools of this door for a caller of another one, which has no protocol for them. They are loaded when somebody asks. */
export function toolsBeside(parts: { services: McpServices; hall: Hall }) {
  return ({ signal, ...caller }: Caller & Pick<ToolCall, 'signal'>) => ({
    list: async () => {
      const { listOlderTools } = await import('./older-tools.ts');
      return listOlderTools(parts.services, caller.principal);
    },
    call: async (name: string, given: unknown): Promise<ToolResult | null> => {
      const { callOlderTool } = await import('./older-tools.ts');
      return callOlderTool({ ...parts, caller, signal, progress: async () => undefined }, name, given);
    },
  });
}

/** As JSON-RPC tells of what has no answer. */
function present({ status, code, message, retryable, details, correlationId }: Problem) {
  const number = status !== 400 ? REFUSED : code === 'INVALID_REQUEST' ? INVALID_REQUEST : PARSE_ERROR;
  const data = { code, retryable, ...details, ...(code === 'INTERNAL' && { correlationId }) };
  return { jsonrpc: '2.0', id: null, error: { code: number, message, data } };
}
