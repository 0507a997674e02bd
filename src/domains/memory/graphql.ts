import { builder } from '../../graphql/builder.ts';
import { ownerFor } from '../../ground/ownership.ts';
import { FactRef } from '../facts/graphql.ts';
import { InteractionRef } from '../interactions/graphql.ts';
import { columnsFor } from '../interactions/lists-graphql.ts';
import { type FactHit, searchFacts } from './fact-hits.ts';
import type { MemoryHit } from './hits.ts';
import { MAX_MEMORIES, type MemorySearch } from './memory.ts';
import { searchWithMentions } from './search-all.ts';

const MemoryTierEnum = builder.enumType('MemoryTier', {
  description: 'The strongest reason why a memory was found.',
  values: {
    CHARACTER: { description: 'It mentions the same character.' },
    PHRASE: { description: 'It contains a phrase of the query.' },
    KEYWORDS: { description: 'It shares words with the query.' },
    MEANING: { description: 'It means something similar.' },
    RECENT: {
      description:
        'It was said within the last day, or at the time that the query names, which its reasons tell.',
    },
  } as const,
});

export const MemoryHitRef = builder.objectRef<MemoryHit>('MemoryHit').implement({
  description: 'A turn that was found, and why.',
  fields: (t) => ({
    interaction: t.expose('interaction', { type: InteractionRef, description: 'The turn.' }),
    score: t.exposeFloat('score', { description: 'Relevance, 0 to 1; comparable within one search only.' }),
    tier: t.field({ type: MemoryTierEnum, description: 'The strongest reason.', resolve: (hit) => hit.tier }),
    reasons: t.stringList({ description: 'All reasons, for people.', resolve: (hit) => [...hit.reasons()] }),
  }),
});

const FactHitRef = builder.objectRef<FactHit>('FactHit').implement({
  description: 'A fact that was found, and why.',
  fields: (t) => ({
    fact: t.expose('fact', { type: FactRef, description: 'The fact.' }),
    score: t.exposeFloat('score', { description: 'Relevance, 0 to 1; comparable within one search only.' }),
    reasons: t.stringList({ description: 'All reasons, for people.', resolve: (hit) => [...hit.reasons] }),
  }),
});

/** Facts are looked for where they are asked for. */
interface WholeSearch extends MemorySearch {
  readonly findFacts: () => Promise<FactHit[]>;
}

const MemorySearchResult = builder.objectRef<WholeSearch>('MemorySearchResult').implement({
  description: 'What a search of memory found.',
  fields: (t) => ({
    hits: t.field({
      type: [MemoryHitRef],
      description: 'Best first.',
      resolve: (search) => [...search.hits],
    }),
    facts: t.field({
      type: [FactHitRef],
      description:
        'Facts that speak of the same: those that hold first, then, where `includeSuperseded` asks for them, those that hold no longer, each best first; as many as hits at most. Those that share words, and, where a model knows meaning, those that mean something like it. None of a question that has too little in common with any. Of the filter, `conversationId`, `since` and `until` say where and when they were said, `character` whom they are about.',
      resolve: (search) => search.findFacts(),
    }),
    tookMs: t.exposeFloat('tookMs', { description: 'Milliseconds that the search took.' }),
    degraded: t.exposeBoolean('degraded', {
      description: 'Whether a part of the search did not answer, so that hits may be missing.',
    }),
    reranked: t.boolean({
      description:
        'Whether the reranking model that is configured had its say in the order of the best hits. False also where none is, or fewer than two hits.',
      resolve: ({ rerank }) => rerank.reranked,
    }),
    notRerankedBecause: t.string({
      nullable: true,
      description:
        'Why the reranking model that is configured had no say, so that hits are in the order of their scores; null: it had, or none is configured.',
      resolve: ({ rerank }) => rerank.problem,
    }),
    leftOutArchive: t.exposeBoolean('leftOutArchive', {
      description:
        'Whether the user has turns in the archive that were not searched; `includeArchived` searches them, too.',
    }),
  }),
});

const MemoryFilter = builder.inputType('MemoryFilter', {
  description: 'Where to search; all conditions must hold.',
  fields: (t) => ({
    conversationId: t.string({ description: 'Only in this thread.' }),
    since: t.field({ type: 'DateTime', description: 'Only what was said at or after this instant.' }),
    until: t.field({ type: 'DateTime', description: 'Only what was said at or before this instant.' }),
    character: t.string({ description: 'Only turns that mention this character, by the full name.' }),
    tiers: t.field({ type: [MemoryTierEnum], description: 'Only hits of these tiers.' }),
    includeArchived: t.boolean({
      defaultValue: false,
      description: 'Also turns in the archive; see `archiveInteractions`.',
    }),
    minScore: t.float({ description: 'Only hits with at least this score, 0 to 1.' }),
    userId: t.string({ description: 'Another user, for those who may act for others; absent: the caller.' }),
  }),
});

builder.queryField('memorySearch', (t) =>
  t.field({
    type: MemorySearchResult,
    description: 'Finds what was said before, within the turns of one user.',
    // A limit out of range is refused by the search, which can name it.
    complexity: (args) => ({ field: 5, multiplier: Math.min(Math.max(args.limit ?? 20, 1), MAX_MEMORIES) }),
    args: {
      query: t.arg.string({ required: true, description: 'What to look for, 1 to 32,000 characters.' }),
      limit: t.arg.int({ defaultValue: 20, description: `Number of hits, 1 to ${MAX_MEMORIES}.` }),
      filter: t.arg({ type: MemoryFilter, description: 'Where to search.' }),
      includeSuperseded: t.arg.boolean({
        defaultValue: false,
        description: 'Whether `facts` has those that hold no longer, too.',
      }),
      timeZone: t.arg.string({
        description:
          'IANA name of the time zone in which "yesterday" and the like are counted; absent: that of the user, see `updateSettings`.',
      }),
    },
    resolve: async (_root, args, { services, principal }, info) => {
      const { query, limit, filter, includeSuperseded, timeZone } = args;
      const { userId, includeArchived, ...conditions } = filter ?? {};
      const owner = ownerFor(principal, userId, 'filter.userId');
      const asked = { query, limit: limit ?? 20, timeZone, ...conditions };
      const found = await searchWithMentions(
        services,
        owner,
        { ...asked, includeArchived: includeArchived ?? false },
        columnsFor(info),
      );
      const wanted = { query, limit: limit ?? 20, includeSuperseded: includeSuperseded ?? false };
      return { ...found, findFacts: () => searchFacts(services, owner, { ...wanted, ...conditions }) };
    },
  }),
);
