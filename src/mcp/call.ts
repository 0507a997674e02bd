import type { IncomingMessage } from 'node:http';
import type { Principal } from '../access/principals.ts';
import { ownerFor } from '../ground/ownership.ts';
import type { Hall } from '../http/hall.ts';
import { type Problem, problemOf } from '../http/problem.ts';
import { demandsOf, type McpServices, parseArguments, type Tool, type ToolCall } from './tool.ts';

/** Who sent a message, as the hall let them in. */
export interface Caller {
  readonly principal: Principal;
  readonly request: IncomingMessage;
  readonly correlationId: string;
}

/** What surrounds one call of a tool. */
export interface Circumstances extends Pick<ToolCall, 'signal' | 'progress'> {
  readonly services: McpServices;
  readonly hall: Hall;
  readonly caller: Caller;
}

/** What a tool gave, or the words with which it refused. */
export interface ToolResult {
  [member: string]: unknown;
  readonly content: { readonly type: 'text'; readonly text: string }[];
  readonly structuredContent?: Record<string, unknown>;
  readonly isError?: true;
}

/** Calls a tool in the name of a caller, with their permissions and limits. It never throws: a model is told what was wrong. */
export async function callTool(
  { services, hall, caller, signal, progress }: Circumstances,
  tool: Tool,
  given: unknown,
): Promise<ToolResult> {
  const { request, principal, correlationId } = caller;
  const errand = { action: `/mcp ${tool.name}`, correlationId, ...demandsOf(tool) };
  try {
    const result = await hall.perform(request, principal, errand, () => {
      const { userId, args } = parseArguments(tool, given);
      const owner = ownerFor(principal, userId);
      return tool.run({ services, principal, owner, signal, progress }, args);
    });
    return { content: [{ type: 'text', text: JSON.stringify(result) }], structuredContent: result };
  } catch (error) {
    return refusal(tool, problemOf(error, correlationId, services.log, { door: 'mcp', tool: tool.name }));
  }
}

/** A failure in words that a model can act on. Verbs name the groups in which GraphQL has their fields; a tool has none. */
function refusal(tool: Tool, { code, message, retryable, details, correlationId }: Problem): ToolResult {
  const wait = details.retryAfterMs === undefined ? '' : ` in ${Math.ceil(details.retryAfterMs / 1_000)} s`;
  const advice = [
    message.replace(/^filter\./, ''),
    retryable && !message.includes('try again') && `The same call may succeed later: try again${wait}.`,
    code === 'BAD_USER_INPUT' && `Correct the arguments of ${tool.name} and call it again.`,
    code === 'INTERNAL' && `Correlation id ${correlationId}.`,
  ].filter(Boolean);
  return {
    content: [{ type: 'text' as const, text: `${code}: ${advice.join('. ').replaceAll('..', '.')}` }],
    isError: true,
  };
}
