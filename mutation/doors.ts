import { type Mutation, one } from './mutation.ts';

/** What programs and assistants rely on that come by the newer doors. */
export const DOORS: readonly Mutation[] = [
  one(
    'streams-end-before-the-turn-is-stored',
    'domains/query/relay.ts',
    [
      'const processed = await asked.catch((error: unknown) => {',
      `const written = async (): Promise<null> => {
      while (relayed === null) await new Promise((resolve) => setTimeout(resolve, 1));
      return null;
    };
    const processed = await Promise.race([asked, written()]).catch((error: unknown) => {`,
    ],
    ['openai-responses'],
    'a stream does not end before',
  ),
  one(
    'threads-that-are-sent-again-are-new-turns',
    'openai/identity.ts',
    ["hash.digest('hex')", "(hash.digest('hex') + Math.random())"],
    ['openai-chat'],
    'stores each turn once',
  ),
  one(
    'events-are-numbered-before-their-turn',
    'openai/answer-stream.ts',
    [
      '    if (response.destroyed || response.writableEnded) return;\n',
      '    if (response.destroyed || response.writableEnded) return;\n    const made = events();\n    events = () => made;\n',
    ],
    ['openai-responses'],
    'streamed as named events',
  ),
  one(
    'programs-choose-whose-memory-they-get',
    'openai/identity.ts',
    [
      'if (!named || (!named.isOurs && !mayActForOthers(principal))) return ownerFor(principal, null);',
      'if (!named) return ownerFor(principal, null);\n  if (!named.isOurs) return { ...ownerFor(principal, null), userId: named.value };',
    ],
    ['openai-identity'],
    'is the own one of who may not',
  ),
  one(
    'tools-read-what-others-said',
    'mcp/call.ts',
    [
      'const owner = ownerFor(principal, userId);',
      'const owner = { ...ownerFor(principal, null), userId: userId ?? principal.userId };',
    ],
    ['mcp-door'],
    'is named only by those who may act for others',
  ),
];
