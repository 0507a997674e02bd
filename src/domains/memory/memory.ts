import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { charactersByName } from '../characters/reads.ts';
import { NotFound } from '../errors.ts';
import * as input from '../input.ts';
import type { TurnStore } from '../interactions/store.ts';
import type { InteractionRow } from '../interactions/tables.ts';
import { type RecallCandidate, recallCandidates } from './reads.ts';

export const TIERS = ['CHARACTER', 'PHRASE', 'KEYWORDS', 'MEANING', 'RECENT'] as const;
export type MemoryTier = (typeof TIERS)[number];

export interface MemoryHit {
  readonly interaction: InteractionRow;
  /** Relevance, 0 to 1; comparable within one search only. */
  readonly score: number;
  /** The strongest reason why it was found. */
  readonly tier: MemoryTier;
  /** For people: which words, which character, how old. */
  readonly reasons: readonly string[];
}

export interface MemorySearch {
  readonly hits: readonly MemoryHit[];
  readonly tookMs: number;
  /** Whether a part of the search did not answer, so that hits may be missing. */
  readonly degraded: boolean;
}

export interface MemoryServices {
  readonly db: Database;
  readonly availability: Availability;
  readonly store: TurnStore;
}

export const MAX_MEMORIES = 100;
const RECENT_MS = 86_400_000;

const Search = z.object({
  query: input.text(input.MAX_QUERY_LENGTH),
  limit: z
    .int({ error: 'must be a whole number' })
    .min(1, { error: `must be from 1 to ${MAX_MEMORIES}` })
    .max(MAX_MEMORIES, { error: `must be from 1 to ${MAX_MEMORIES}` }),
  conversationId: input.conversationId.nullish(),
  since: input.instant.nullish(),
  until: input.instant.nullish(),
  minScore: z
    .number()
    .min(0, { error: 'must be from 0 to 1' })
    .max(1, { error: 'must be from 0 to 1' })
    .nullish(),
  tiers: z.array(z.enum(TIERS)).nullish(),
  characterIds: z.array(z.int()).default([]),
  /** Only turns that mention this character, by the full name. */
  character: input.text(100).nullish(),
});

/**
 * Finds what was said before, within one user's own turns: full text with any of the words, lifted by an exact
 * phrase, a character that both mention, and recency; turns of the last day fill up the rest.
 *
 * @throws InvalidInput, NotFound (the character)
 */
export async function searchMemory(
  services: MemoryServices,
  owner: Owner,
  given: z.input<typeof Search>,
): Promise<MemorySearch> {
  const search = input.parseInput(Search, given);
  const started = performance.now();
  const { db, availability, store } = services;
  const about = search.character == null ? null : await characterIdOf(db, owner.tenantId, search.character);
  const stored = await availability.tolerate(
    () =>
      recallCandidates(db, owner, {
        query: search.query,
        conversationId: search.conversationId ?? null,
        since: search.since ?? null,
        until: search.until ?? null,
        recentSince: new Date(Date.now() - RECENT_MS),
        limit: search.limit * 3,
      }),
    null,
  );
  const candidates = [...(stored ?? []), ...waitingCandidates(store, owner, search)];
  const best = Math.max(...candidates.map((candidate) => candidate.rank), Number.MIN_VALUE);
  const hits = candidates
    .map((candidate) => judge(candidate.row, candidate.rank / best, search))
    .filter(
      (hit) => hit.score >= (search.minScore ?? 0) && (!search.tiers || search.tiers.includes(hit.tier)),
    )
    .filter(({ interaction }) => about === null || interaction.characterId === about)
    .sort(
      (a, b) =>
        b.score - a.score ||
        b.interaction.timestamp.getTime() - a.interaction.timestamp.getTime() ||
        b.interaction.id - a.interaction.id,
    )
    .slice(0, search.limit);
  return { hits, tookMs: performance.now() - started, degraded: stored === null };
}

async function characterIdOf(db: Database, tenantId: string, name: string): Promise<number> {
  const [character] = await charactersByName(db, tenantId, [name]);
  if (!character) throw new NotFound('filter.character', `there is no character "${name}"`);
  return character.id;
}

/** Turns that the database has not taken yet, so that a writer finds what was just acknowledged. */
function waitingCandidates(
  store: TurnStore,
  owner: Owner,
  search: z.output<typeof Search>,
): RecallCandidate[] {
  const { conversationId, since, until, query } = search;
  const words = new Set(wordsOf(query)).size;
  return store.pending
    .ofUser(owner)
    .filter((row) => !conversationId || row.conversationId === conversationId)
    .filter((row) => (!since || row.timestamp >= since) && (!until || row.timestamp <= until))
    .slice(0, search.limit * 3)
    .map((row) => ({
      row,
      rank: words === 0 ? 0 : sharedWords(query, `${row.query} ${row.response}`.toLowerCase()).length / words,
    }));
}

/** Weights of the composite score; they add up to 1. */
const WEIGHTS = { text: 0.6, phrase: 0.2, character: 0.15, recent: 0.05 };

function judge(row: InteractionRow, rank: number, search: z.output<typeof Search>): MemoryHit {
  const said = `${row.query}\n${row.response}`.toLowerCase();
  const phrase = longestPhrase(search.query, said);
  const sharesCharacter = row.characterId !== null && search.characterIds.includes(row.characterId);
  const age = Date.now() - row.timestamp.getTime();
  const recent = age >= 0 && age < RECENT_MS;
  const reasons = [
    ...(sharesCharacter ? ['mentions the same character'] : []),
    ...(phrase ? [`contains "${phrase}"`] : []),
    ...(rank > 0
      ? [`shares words: ${sharedWords(search.query, said).join(', ') || 'other forms of them'}`]
      : []),
    ...(recent ? [`said ${Math.max(1, Math.round(age / 60_000))} min ago`] : []),
  ];
  return {
    interaction: row,
    score:
      rank * WEIGHTS.text +
      (phrase ? WEIGHTS.phrase : 0) +
      (sharesCharacter ? WEIGHTS.character : 0) +
      (recent ? WEIGHTS.recent : 0),
    tier: sharesCharacter ? 'CHARACTER' : phrase ? 'PHRASE' : rank > 0 ? 'KEYWORDS' : 'RECENT',
    reasons,
  };
}

/** The first run of three words of the query, with at least one long one, that was said just so. */
function longestPhrase(query: string, said: string): string | null {
  const words = wordsOf(query).slice(0, 200);
  for (let start = 0; start + 3 <= words.length; start++) {
    const run = words.slice(start, start + 3);
    if (run.some((word) => word.length > 4) && said.includes(run.join(' '))) return run.join(' ');
  }
  return null;
}

function sharedWords(query: string, said: string): string[] {
  const spoken = new Set(wordsOf(said));
  return [...new Set(wordsOf(query))].filter((word) => word.length > 3 && spoken.has(word)).slice(0, 8);
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+(?:['’][\p{L}]+)?/gu) ?? [];
}
