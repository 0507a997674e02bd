import { z } from 'zod';
import { countConversations } from '../domains/conversations/views.ts';
import type { MemoryHit } from '../domains/memory/hits.ts';
import { MAX_MEMORIES, type MemorySearch } from '../domains/memory/memory.ts';
import { searchWithMentions } from '../domains/memory/search-all.ts';
import { vectorCoverage } from '../domains/vector-index/coverage.ts';
import { InvalidInput, ServiceUnavailable } from '../errors.ts';
import { ownerFor, scopeOf } from '../ground/ownership.ts';
import {
  body,
  decimal,
  decimalOf,
  degraded,
  exactlyWithin,
  now,
  ofUser,
  optionalNumber,
  optionalText,
  second,
  secondOf,
  text,
  user_id,
  wholeWithin,
} from './formats.ts';
import { wordsOf } from './query.ts';
import { type Asked, defineRow, READING, type Row } from './row.ts';

const USUAL_HITS = 10;

const Memory = z
  .object({
    id: z.string().describe('The turn.'),
    content: z.string(),
    text: z.string().describe('The same as content.'),
    score: decimal.describe('0 to 1; comparable within one search only.'),
    source: z.literal('conversation'),
    created_at: second,
    metadata: z.object({
      chunk_index: z.int().describe('The place of the turn in its conversation.'),
      file: z.string().describe('The conversation.'),
      conversation_id: z.string(),
      tier: z.string().describe('The strongest reason why it was found.'),
      reasons: z.array(z.string()),
    }),
  })
  .meta({ id: 'Memory', description: 'A turn that was found.' });

const FoundConversation = z
  .object({
    conversation_id: z.string(),
    matches: z.int(),
    score: decimal.describe('That of its best match.'),
    last_query: z.string().describe('What its best match asked.'),
    created_at: second.describe('When its best match was said.'),
  })
  .meta({ id: 'FoundConversation', description: 'A conversation with turns that were found.' });

const Found = z
  .object({ memory: z.array(Memory), conversations: z.array(FoundConversation), total: z.int(), degraded })
  .meta({ id: 'Found', description: 'What was found, by turns and by conversations; total counts both.' });

const limit = wholeWithin(1, MAX_MEMORIES);
const wholeLimit = exactlyWithin(1, MAX_MEMORIES).nullish();

/** Searches of what was said before. */
export const memoryRows: readonly Row[] = [
  defineRow({
    method: 'POST',
    at: ['/api/echo/memory/search'],
    group: 'Memory',
    summary: 'Finds turns that were said before, best first',
    toll: READING,
    body: body({
      query: text,
      top_k: wholeLimit.describe(`1 to ${MAX_MEMORIES}; absent: ${USUAL_HITS}.`),
      limit: wholeLimit.describe('The same as top_k.'),
      min_score: optionalNumber.describe('0 to 1.'),
      user_id,
    }),
    gives: z
      .object({
        results: z.array(Memory),
        total_matches: z.int(),
        query_time_ms: decimal,
        model_used: z.string().describe('What makes vectors.'),
        degraded,
      })
      .meta({ id: 'MemorySearch', description: 'What was found.' }),
    run: async (asked) => {
      const { query, top_k, limit: alias, min_score: minScore, user_id: userId } = asked.body;
      const {
        hits,
        tookMs,
        degraded: isDegraded,
      } = await search(asked, {
        query,
        limit: top_k ?? alias ?? USUAL_HITS,
        minScore,
        userId,
      });
      return {
        results: hits.map(shown),
        total_matches: hits.length,
        query_time_ms: decimalOf(tookMs),
        model_used: asked.services.embedder.name,
        ...(isDegraded && { degraded: isDegraded }),
      };
    },
  }),
  defineRow({
    method: 'GET',
    at: ['/api/echo/search'],
    group: 'Memory',
    summary: 'Finds turns and conversations',
    toll: READING,
    query: ofUser.extend({ q: text, limit: limit.default(USUAL_HITS) }),
    gives: Found,
    run: async (asked) => {
      const { q: query, limit: most, user_id: userId } = asked.query;
      return found(await search(asked, { query, limit: most, userId }));
    },
  }),
  defineRow({
    method: 'POST',
    at: ['/api/echo/conversations/search'],
    group: 'Memory',
    summary: 'The same with a body',
    toll: READING,
    body: body({
      query: optionalText,
      q: optionalText.describe('The same as query; one of them is required.'),
      limit: wholeLimit,
      user_id,
    }),
    gives: Found,
    run: async (asked) => {
      const { query, q, limit: most, user_id: userId } = asked.body;
      const wanted = query ?? q;
      if (wanted === null || wanted === undefined) throw new InvalidInput('query', 'is missing');
      return found(await search(asked, { query: wanted, limit: most ?? USUAL_HITS, userId }));
    },
  }),
  defineRow({
    method: 'GET',
    at: ['/api/echo/memory/status'],
    group: 'Memory',
    summary: 'How much is remembered, of the caller, or of the tenant for those who act for others',
    toll: READING,
    gives: z
      .object({
        config: z.object({
          embedding_model: z.string(),
          dimensions: z.int(),
          vector_store: z.enum(['qdrant', 'embedded']),
          knows_meaning: z.boolean().describe('Whether the model knows more than spelling.'),
        }),
        conversations_processed: z.int(),
        embeddings_created: z.int(),
        timestamp: second,
      })
      .meta({ id: 'MemoryStatus', description: 'How much is remembered.' }),
    run: async ({ services, principal }) => {
      const { db, embedder, config } = services;
      const scope = scopeOf(principal);
      const [conversations, coverage] = await Promise.all([
        countConversations(db, scope),
        vectorCoverage(db, scope),
      ]);
      return {
        config: {
          embedding_model: embedder.name,
          dimensions: embedder.dimensions,
          vector_store: config.qdrant ? ('qdrant' as const) : ('embedded' as const),
          knows_meaning: embedder.knowsMeaning,
        },
        conversations_processed: conversations,
        embeddings_created: coverage.embedded,
        timestamp: now(),
      };
    },
  }),
];

/** @throws ServiceUnavailable where nothing is found because nothing could be read */
async function search(
  { services, principal }: Asked,
  {
    userId,
    ...wanted
  }: {
    query: string;
    limit: number;
    minScore?: number | null | undefined;
    userId?: string | null | undefined;
  },
): Promise<MemorySearch> {
  const owner = ownerFor(principal, userId);
  const found = await searchWithMentions(services, owner, wanted);
  if (found.readNothing && found.hits.length === 0)
    throw new ServiceUnavailable('memory cannot be read now; try again');
  return found;
}

function shown({ interaction, score, tier, reasons }: MemoryHit): z.output<typeof Memory> {
  const content = wordsOf(interaction);
  return {
    id: interaction.turnId,
    content,
    text: content,
    score: decimalOf(score),
    source: 'conversation',
    created_at: secondOf(interaction.timestamp),
    metadata: {
      chunk_index: interaction.sequence,
      file: interaction.conversationId,
      conversation_id: interaction.conversationId,
      tier: tier.toLowerCase(),
      reasons: [...reasons()],
    },
  };
}

function found({ hits, degraded: isDegraded }: MemorySearch): z.output<typeof Found> {
  const byConversation = Map.groupBy(hits, ({ interaction }) => interaction.conversationId);
  const conversations = [...byConversation].flatMap(([id, [best, ...others]]) =>
    best
      ? {
          conversation_id: id,
          matches: 1 + others.length,
          score: decimalOf(best.score),
          last_query: best.interaction.query,
          created_at: secondOf(best.interaction.timestamp),
        }
      : [],
  );
  return {
    memory: hits.map(shown),
    conversations,
    total: hits.length + conversations.length,
    ...(isDegraded && { degraded: isDegraded }),
  };
}
