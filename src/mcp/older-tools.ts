import { z } from 'zod';
import type { Principal } from '../access/principals.ts';
import { addFact, MAX_PART } from '../domains/facts/by-hand.ts';
import { factsAbout } from '../domains/facts/views.ts';
import { InvalidInput } from '../errors.ts';
import * as argument from './arguments.ts';
import { type Circumstances, callTool, type ToolResult } from './call.ts';
import { Fact, NOTICE, notice, shownFact, userId } from './shapes.ts';
import { toolsFor } from './shown-tools.ts';
import { defineTool, type McpServices, type Tool } from './tool.ts';
import { TOOLS } from './tools.ts';

/** Tools under the names that programs of the older service call; they are not listed at `/mcp`. */

const MOST_FACTS = 100;

const getFacts = defineTool({
  name: 'get_facts',
  title: 'Get facts',
  description: 'Gives facts that hold, about a topic or those that were recorded last.',
  effect: 'reads',
  isIdempotent: true,
  input: argument.argumentsOf({
    topic: argument.text(1_000, 'What they are about; absent: anything.').nullish(),
    limit: argument.whole(1, MOST_FACTS, MOST_FACTS, 'Facts at most.'),
  }),
  output: z.object({ userId, notice, facts: z.array(Fact) }),
  run: async ({ services, owner }, { topic, limit }) => {
    const rows = await factsAbout(services, owner, topic ?? '', limit);
    return { userId: owner.userId, notice: NOTICE, facts: rows.map(shownFact) };
  },
});

const storeFact = defineTool({
  name: 'store_fact',
  title: 'Store a fact',
  description: 'Enters a fact by hand: subject, predicate, object.',
  effect: 'adds',
  isIdempotent: true,
  input: argument.argumentsOf({
    subject: argument.text(MAX_PART, 'Of whom; `user` is the owner of the memory.'),
    predicate: argument.text(MAX_PART, 'What is said, such as "lives in".'),
    object: argument.text(MAX_PART, 'Such as "Porto".'),
    confidence: z
      .number({ error: 'must be a number' })
      .nullish()
      .describe('Passed over: what is entered by hand holds.'),
  }),
  output: z.object({ userId, fact: Fact }),
  run: async ({ services, principal, owner }, { subject, predicate, object }) => {
    const given = { subject, predicate: inSnakeCase(predicate), object };
    const { fact } = await addFact(services, principal, owner, given);
    return { userId: owner.userId, fact: shownFact(fact) };
  },
});

const OLDER_TOOLS: readonly Tool[] = [...TOOLS, getFacts, storeFact];

/** Those that the caller may use. */
export function listOlderTools(services: McpServices, principal: Principal) {
  return toolsFor(services, principal, OLDER_TOOLS);
}

/** @returns null: there is no such tool */
export async function callOlderTool(
  circumstances: Circumstances,
  name: string,
  given: unknown,
): Promise<ToolResult | null> {
  const tool = OLDER_TOOLS.find((each) => each.name === name);
  return tool ? callTool(circumstances, tool, given) : null;
}

/** Predicates were any words. @throws InvalidInput */
function inSnakeCase(predicate: string): string {
  const name = predicate
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^[_0-9]+|_+$/g, '');
  if (name === '' || name.length > 50)
    throw new InvalidInput('predicate', 'must have 1 to 50 letters from a to z and digits');
  return name;
}
