import type { InteractionRow } from '../interactions/tables.ts';
import type { Calendar } from '../spoken-times/calendar.ts';
import type { SpokenTimes } from '../spoken-times/spoken-times.ts';
import { matchedBy } from '../word-index/ranking.ts';
import type { WordMatches } from '../word-index/search.ts';
import type { Candidate } from './candidates.ts';
import type { PooledTurn } from './pool.ts';
import { reasonsOf } from './reasons.ts';
import type { Reranked } from './reranking.ts';
import { type Judgement, judge, type Question, readQuestion } from './scoring.ts';

export const TIERS = ['CHARACTER', 'PHRASE', 'KEYWORDS', 'MEANING', 'RECENT'] as const;
export type MemoryTier = (typeof TIERS)[number];

export interface MemoryHit {
  readonly interaction: InteractionRow;
  /** Relevance, 0 to 1; comparable within one search only. */
  readonly score: number;
  /** The strongest reason why it was found. */
  readonly tier: MemoryTier;
  /** For people: which words, which neighbour, which character, how old. Put into words when somebody asks. */
  readonly reasons: () => readonly string[];
  /** Whether its meaning is nearer to the query's than that of unrelated texts. */
  readonly isSimilar: boolean;
  /** Whether it was said at a time that the query names. */
  readonly inTime: boolean;
  /** Whether it says that something which the user told before is no longer so, where that is asked. */
  readonly tellsWhatBecame: boolean;
  /** Whether it only asks, without an answer. */
  readonly tellsNothing: boolean;
}

/** What a tier is worth at least (character 5, phrase 4, words 3 or 2, recent 1 of 20), whatever else was found. */
const FLOORS = { CHARACTER: 0.25, PHRASE: 0.2, KEYWORDS: 0.15, MEANING: 0.1, RECENT: 0.05 };
/** How sure a hit is that was found by nothing but the time that the query names. */
const IN_TIME_CERTAINTY = 0.8;
const ONE_KEYWORD = 0.1;
/** What a turn is worth at most that only asks: less than any other word or meaning. */
const TELLING_NOTHING = 0.09;
/** What a hit is worth. */
export const HIT_PARAMETERS = { FLOORS, IN_TIME_CERTAINTY, ONE_KEYWORD, TELLING_NOTHING };

/** What decides which candidates are shown, and how. */
interface Wanted {
  readonly query: string;
  readonly limit: number;
  readonly minScore?: number | null | undefined;
  readonly tiers?: readonly MemoryTier[] | null | undefined;
  readonly characterIds: readonly number[];
  readonly calendar: Calendar;
  readonly times: SpokenTimes;
  readonly missedTime: boolean;
}

interface Found {
  readonly words: Pick<WordMatches, 'speakers'>;
  readonly candidates: readonly Candidate[];
  /** Turns that the database has not taken, by turn id. */
  readonly waiting: ReadonlyMap<string, InteractionRow>;
  /** The others as they are shown, by id. */
  readonly stored: (turns: readonly PooledTurn[]) => Promise<ReadonlyMap<number, InteractionRow>>;
}

/** All candidates that are wanted, best first. */
export function ranked({ words, candidates }: Omit<Found, 'waiting' | 'stored'>, wanted: Wanted): Ranked {
  const { characterIds, minScore, tiers, calendar, times } = wanted;
  const question = readQuestion(wanted.query, { speakers: words.speakers, characterIds, times });
  const judged = judgeAll(question, candidates, calendar.now).filter(
    ({ score, tier }) => score >= (minScore ?? 0) && (tiers?.includes(tier) ?? true),
  );
  return { question, judged };
}

/** The best candidates as they are shown. */
export async function hitsOf(
  found: Pick<Found, 'waiting' | 'stored'>,
  wanted: Wanted,
  { question, judged }: Ranked,
): Promise<MemoryHit[]> {
  const { limit, calendar } = wanted;
  const best = judged.slice(0, limit);
  const turns = best.flatMap(({ candidate: { turn } }) => (found.waiting.has(turn.turnId) ? [] : turn));
  const rows = await found.stored(turns);
  return best.flatMap((hit) => {
    const { turn, meaning } = hit.candidate;
    const interaction = found.waiting.get(turn.turnId) ?? rows.get(turn.id);
    if (!interaction) return [];
    const reasons = whyOf({ question, calendar, missedTime: wanted.missedTime }, hit, interaction);
    const { score, tier, inTime, tellsNothing } = hit;
    const tellsWhatBecame = hit.candidate.becameOf !== undefined;
    const isSimilar = meaning !== null;
    return { interaction, score, tier, reasons, inTime, tellsNothing, tellsWhatBecame, isSimilar };
  });
}

/** A function of its own, so that what it is made of later holds nothing else of the search until then. */
function whyOf(
  search: { readonly question: Question; readonly calendar: Calendar; readonly missedTime: boolean },
  hit: Reranked<Judged>,
  interaction: InteractionRow,
): MemoryHit['reasons'] {
  return () => {
    const { words, meaning, becameOf, told = 0 } = hit.candidate;
    const found = {
      ...hit,
      ...{ meaning, becameOf, missedTime: search.missedTime, isLearned: told > 0 },
      relevance: hit.relevance ?? null,
      terms: words ? matchedBy(words) : [],
    };
    return reasonsOf(search.question, found, interaction, search.calendar);
  };
}

/** Candidates as a search has them, best first. */
interface Ranked {
  readonly question: Question;
  readonly judged: readonly Reranked<Judged>[];
}

interface Judged extends Judgement {
  readonly candidate: Candidate;
  readonly score: number;
  readonly tier: MemoryTier;
}

/** Best first; of equals, the later one first. */
function judgeAll(question: Question, candidates: readonly Candidate[], now: Date): Judged[] {
  const judgements = judge(question, candidates, now);
  const best = Math.max(...judgements.map(({ fused }) => fused), Number.MIN_VALUE);
  // The best hit of a query whose words hardly occur is no certain one.
  const certainty = Math.max(
    0.3,
    ...candidates.map(({ words, meaning }) => Math.max(words?.near ?? 0, meaning?.cosine ?? 0)),
    ...judgements.map(({ inTime }) => (inTime ? IN_TIME_CERTAINTY : 0)),
  );
  const judged = candidates.map((candidate, index) => {
    const judgement = judgements[index] as Judgement;
    const { tier, floor } = tierOf(candidate, judgement);
    const relative = (judgement.fused / best) * certainty;
    const score = judgement.tellsNothing
      ? Math.min(relative, TELLING_NOTHING)
      : Math.min(1, Math.max(relative, floor));
    return { ...judgement, candidate, score, tier };
  });
  return judged.sort(
    (a, b) =>
      b.score - a.score ||
      b.fused - a.fused ||
      b.candidate.turn.timestamp.getTime() - a.candidate.turn.timestamp.getTime() ||
      b.candidate.turn.id - a.candidate.turn.id,
  );
}

function tierOf(
  { words, meaning, becameOf, told = 0 }: Candidate,
  judgement: Judgement,
): { tier: MemoryTier; floor: number } {
  const tier = judgement.sharesCharacter
    ? 'CHARACTER'
    : judgement.phrase
      ? 'PHRASE'
      : words || becameOf !== undefined || told > 0
        ? 'KEYWORDS'
        : meaning !== null
          ? 'MEANING'
          : 'RECENT';
  const isWeak = tier === 'KEYWORDS' && becameOf === undefined && told === 0 && (words?.own ?? 0) < 0.5;
  return { tier, floor: isWeak ? ONE_KEYWORD : FLOORS[tier] };
}
