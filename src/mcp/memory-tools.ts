import { z } from 'zod';
import { TIERS } from '../domains/memory/hits.ts';
import { MAX_MEMORIES } from '../domains/memory/memory.ts';
import { searchWithMentions } from '../domains/memory/search-all.ts';
import { recall } from '../domains/query/recall.ts';
import { timeZone } from '../domains/settings/settings.ts';
import { MAX_QUERY_LENGTH } from '../ground/input.ts';
import * as argument from './arguments.ts';
import { cursorOf, fitted, positionOf, positions } from './paging.ts';
import {
  Fact,
  NOTICE,
  nextCursor,
  notice,
  shortenedTurn,
  shownFact,
  shownTurn,
  Turn,
  userId,
} from './shapes.ts';
import { defineTool } from './tool.ts';

const zone = timeZone.optional().meta({
  description:
    'IANA name of the time zone in which "yesterday" and the like are counted; absent: the user’s own.',
});
const degraded = z
  .boolean()
  .describe('Whether a part of the search did not answer, so that something may be missing.');

export const recallTool = defineTool({
  name: 'recall',
  title: 'Recall what is known',
  description:
    'Gives what is known that bears on a question or topic, ready to read: facts, profiles of characters, and quoted notes from earlier conversations, within a budget of tokens. Call it before answering anything that may depend on the past. An empty context means that nothing is known.',
  effect: 'reads',
  isIdempotent: true,
  input: argument.argumentsOf({
    query: argument.text(
      MAX_QUERY_LENGTH,
      'The question or topic, best in the user’s own words, 1 to 32,000 characters.',
    ),
    maxTokens: argument.maxTokens,
    timeZone: zone,
  }),
  output: z.object({
    userId,
    notice,
    context: z.string().describe('Facts, profiles and numbered notes, quoted; empty: nothing is known.'),
    tokens: z.int().describe('About how many tokens the context takes.'),
    memories: z
      .array(
        z.object({
          number: z.int().describe('As the context numbers it.'),
          turnId: z.string(),
          conversationId: z.string(),
          at: z.string(),
        }),
      )
      .describe('Where the notes come from.'),
    facts: z.array(Fact.pick({ factId: true, statement: true })),
    characters: z.array(z.string()).describe('Names of the characters whose profiles are there.'),
    missedTime: z
      .boolean()
      .describe('The question names a time of which nothing was found; the notes are of other times.'),
    degraded,
  }),
  run: async ({ services, owner }, args) => {
    const found = await recall(services, owner, args);
    return {
      userId: owner.userId,
      notice: NOTICE,
      context: found.context,
      tokens: found.tokens,
      memories: found.memories.map(({ interaction }, index) => ({
        number: index + 1,
        turnId: interaction.turnId,
        conversationId: interaction.conversationId,
        at: interaction.timestamp.toISOString(),
      })),
      facts: found.facts.map(shownFact).map(({ factId, statement }) => ({ factId, statement })),
      characters: found.characters.map(({ characterName }) => characterName),
      missedTime: found.missedTime,
      degraded: found.degraded,
    };
  },
});

const Hit = Turn.extend({
  score: z.number().describe('Relevance, 0 to 1; comparable within one search only.'),
  tier: z.enum(TIERS).describe('The strongest reason why it was found.'),
  reasons: z.array(z.string()).describe('All reasons, in words.'),
});

export const searchMemoryTool = defineTool({
  name: 'search_memory',
  title: 'Search earlier turns',
  description:
    'Finds single turns of earlier conversations by their words, a phrase, what they mean, who they mention and when they were said ("yesterday", "in May"), the best first, with the reasons. Use it for exact wording or with filters; for what is known about a question use recall.',
  effect: 'reads',
  isIdempotent: true,
  input: argument.argumentsOf({
    query: argument.text(MAX_QUERY_LENGTH, 'What to look for, 1 to 32,000 characters.'),
    conversationId: argument.text(100, 'Only in this conversation.').optional(),
    since: argument.instant('Only what was said then or later.').optional(),
    until: argument.instant('Only what was said then or before.').optional(),
    character: argument.text(100, 'Only turns that mention this character, by the full name.').optional(),
    minScore: z
      .number({ error: 'must be a number' })
      .min(0, { error: 'must be from 0 to 1' })
      .max(1, { error: 'must be from 0 to 1' })
      .optional()
      .describe('Only hits with at least this score.'),
    includeArchived: argument.flag('Also turns in the archive.'),
    idsOnly: argument.flag('Leave out the texts.'),
    timeZone: zone,
    limit: argument.limit(10),
    maxTokens: argument.maxTokens,
    cursor: argument.cursor,
  }),
  output: z.object({ userId, notice, hits: z.array(Hit), nextCursor, degraded }),
  run: async ({ services, owner }, { cursor, limit, maxTokens, idsOnly, ...asked }) => {
    const from = positionOf('search', positions.offset, cursor) ?? 0;
    // One more tells whether there is another page.
    const most = Math.min(from + limit + 1, MAX_MEMORIES);
    const { hits, degraded: isDegraded } = await searchWithMentions(services, owner, {
      ...asked,
      limit: most,
    });
    const page = hits.slice(from, from + limit).map(({ interaction, score, tier, reasons }) => ({
      ...shownTurn(interaction),
      ...(idsOnly && { query: '', response: '', shortened: true }),
      ...{ score: Math.round(score * 1_000) / 1_000, tier, reasons: [...reasons()] },
    }));
    const { shown } = fitted(page, maxTokens, shortenedTurn);
    const next = from + shown.length;
    return {
      userId: owner.userId,
      notice: NOTICE,
      hits: [...shown],
      nextCursor: next < hits.length ? cursorOf('search', next) : null,
      degraded: isDegraded,
    };
  },
});
