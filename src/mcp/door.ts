import { HttpProblem, readJson } from '../http/body.ts';
import type { Hall } from '../http/hall.ts';
import type { Problem } from '../http/problem.ts';
import type { Route } from '../http/server.ts';
import type { Caller, ToolResult } from './call.ts';
import type { McpServices, ToolCall } from './tool.ts';

const PREFIX = '/mcp';
/** Codes of JSON-RPC: what cannot be read, what is no request, what this server refuses. */
const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;
const REFUSED = -32_000;

/**
 * The Model Context Protocol over HTTP: one request, one message, one answer, and nothing kept in between, so that no client
 * minds a restart. What speaks the protocol is loaded with the first request.
 */
export function mcpRoute({ services, hall }: { services: McpServices; hall: Hall }): Route {
  let loading: Promise<ReturnType<typeof import('./server.ts').createMcp>> | null = null;
  const load = () => {
    loading ??= import('./server.ts').then(({ createMcp }) => createMcp(services, hall));
    return loading;
  };
  return {
    door: 'mcp',
    prefix: PREFIX,
    present,
    handle: async (request, response, correlationId) => {
      const [path] = (request.url ?? '').split('?', 1);
      if (path !== PREFIX) throw new HttpProblem(404, 'NOT_FOUND', 'there is nothing at this path');
      hall.guarded(request, PREFIX, (guard) => guard.checkPage(request));
      if (request.method !== 'POST') {
        response.setHeader('allow', 'POST');
        throw new HttpProblem(
          405,
          'METHOD_NOT_ALLOWED',
          'use POST: this server keeps no sessions and opens no streams',
        );
      }
      await hall.receive(request, { action: PREFIX, correlationId }, async (principal) => {
        const message = await readJson(request);
        if (Array.isArray(message))
          throw new HttpProblem(400, 'INVALID_REQUEST', 'a batch is not taken; send each message by itself');
        const serve = await load();
        await serve(request, response, message, { principal, request, correlationId });
      });
    },
  };
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
