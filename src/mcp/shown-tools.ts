import { mayActForOthers, type Principal } from '../access/principals.ts';
import { demandsOf, type McpServices, schemasOf, type Tool } from './tool.ts';

/** Those of some tools that the caller may use, always in the same order. */
export function toolsFor(services: McpServices, principal: Principal, tools: readonly Tool[]) {
  // Who is asked for no credential is a single user as a rule, though an admin by name.
  const forOthers = principal.credential !== null && mayActForOthers(principal);
  return tools
    .filter((tool) => principal.permissions.includes(demandsOf(tool).needs))
    .map((tool) => ({
      name: tool.name,
      title: tool.title,
      description:
        typeof tool.description === 'string' ? tool.description : tool.description(services, principal),
      ...schemasOf(tool, forOthers),
      annotations: {
        title: tool.title,
        readOnlyHint: tool.effect === 'reads',
        destructiveHint: tool.effect === 'deletes' || tool.effect === 'changes',
        idempotentHint: tool.isIdempotent,
        // All of it is about what this server stores.
        openWorldHint: false,
      },
    }));
}
