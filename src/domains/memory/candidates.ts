import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import type { InteractionRow } from '../interactions/tables.ts';
import type { SpokenTimes, TimeSpan } from '../spoken-times/spoken-times.ts';
import type { RankedDocument } from '../word-index/ranking.ts';
import type { WordMatches } from '../word-index/search.ts';
import type { Likeness, MeaningResult } from './meaning.ts';
import {
  documentsOf,
  type MemoryConditions,
  meets,
  type PooledTurn,
  pooledByTurnId,
  pooledTurns,
  recentTurns,
  turnsAbout,
  turnsWithin,
} from './pool.ts';

/** A turn that is considered, and what the searches found of it. */
export interface Candidate {
  readonly turn: PooledTurn;
  /** From its words; null where it was found otherwise. */
  readonly words: RankedDocument | null;
  /** Null where no vectors were searched or it is not among the nearest. */
  readonly meaning: Likeness | null;
  /** Of its own text to the query, near or not; absent or null where it is not known. */
  readonly cosine?: number | null;
  /** How much of what is asked was learned from it and still holds, 0 to 1; absent: nothing. */
  readonly told?: number;
  /** Of what the user told before, what it says to be no longer so; absent where it says no such thing. */
  readonly becameOf?: string;
  /** It tells all that is asked about as it was or is; of somebody else, too. */
  readonly states?: true;
}

/** Turns whose rank is looked into, for each one that is wanted, at least and at most; more if conditions leave too few. */
const POOL_FACTOR = 4;
const LEAST_POOL = 200;
const WIDE_POOL = 400;
/** The same where it is asked how something is now. */
const POOL_OF_NOW = 1_600;
const MAX_POOL = 12_800;
/**
 * Conditions that so many turns meet are checked before ranking; looser ones after. Of millions it is one in so many, up to a
 * limit, since all that rank before the turns that meet them are read in vain.
 */
const [MAX_ALLOWED, ALLOWED_SHARE, MOST_ALLOWED] = [10_000, 1 / 160, 60_000];
const ABOUT_CHARACTER = 50;
const RECENT_MS = 86_400_000;
/** Of the times that a query may mean, those whose turns are searched by their words. */
const SEARCHED_SPANS = 2;
/** What is told around a day or a week is looked for in so many days of it; a month around it is nothing of its own. */
const NEAR_MS = 15 * 86_400_000;
/** The weight of a span whose turns are considered whatever they say. */
const CLOSE = 0.9;
/** The same for a span of at most half a month, of the latest year that may be meant. */
const SHORT_CLOSE = 0.59;
/** Which turns are looked into at all. */
export const POOL_PARAMETERS = {
  ...{ POOL_FACTOR, LEAST_POOL, WIDE_POOL, POOL_OF_NOW, MAX_POOL, ABOUT_CHARACTER, RECENT_MS },
  ...{ MAX_ALLOWED, ALLOWED_SHARE, MOST_ALLOWED },
  ...{ SEARCHED_SPANS, NEAR_MS, CLOSE, SHORT_CLOSE },
};

/** What decides how many turns are looked into. */
interface PoolWanted {
  readonly limit: number;
  /** What is asked of the user as it is now may be said in words that many other turns share. */
  readonly asksNow: boolean;
  /** Whether it is known how like turns are to the query. */
  readonly comparesMeaning: boolean;
}

/** What decides which turns are considered. */
interface Wanted extends PoolWanted {
  readonly times: SpokenTimes;
  readonly characterIds: readonly number[];
  readonly tiers?: readonly string[] | null | undefined;
}

export interface Pool {
  readonly candidates: readonly Candidate[];
  /** Turns of the pool that the database has not taken, by turn id. */
  readonly waiting: ReadonlyMap<string, InteractionRow>;
  readonly degraded: boolean;
}

/** Everything that may become a hit, each turn once. */
export async function poolOf(
  db: Database,
  owner: Owner,
  asked: Omit<Wanted, 'comparesMeaning'>,
  conditions: MemoryConditions,
  found: { words: WordMatches; meaning: MeaningResult | null; told: ReadonlyMap<string, number> },
): Promise<Pool> {
  const { words, meaning, told } = found;
  const wanted = { ...asked, comparesMeaning: meaning !== null };
  const waiting = new Map([...words.waiting.values()].map((row) => [row.turnId, row]));
  const [byWords, inTime, about] = await Promise.all([
    foundByWords(db, owner, wanted, conditions, words),
    foundInTime(db, owner, wanted, conditions, words),
    wanted.characterIds.length > 0
      ? turnsAbout(db, owner, conditions, wanted.characterIds, ABOUT_CHARACTER)
      : [],
  ]);
  const candidates = new Map<string, Candidate>();
  const add = (turn: PooledTurn, ranked: RankedDocument | null) => {
    if (candidates.has(turn.turnId)) return;
    candidates.set(turn.turnId, { turn, words: ranked, meaning: meaning?.found.get(turn.turnId) ?? null });
  };
  for (const { turn, ranked } of [...byWords, ...inTime]) add(turn, ranked);
  const missing = [...(meaning?.found.keys() ?? []), ...told.keys()].filter(
    (turnId) => !candidates.has(turnId),
  );
  if (missing.length > 0)
    for (const turn of await pooledByTurnId(db, owner, conditions, missing)) add(turn, null);
  for (const turn of about) add(turn, null);
  // Who asks about a time is not answered with another.
  const namesTime = wanted.times.spans.length > 0;
  if ((candidates.size < wanted.limit && !namesTime) || wanted.tiers?.includes('RECENT')) {
    const since = new Date(Date.now() - RECENT_MS);
    for (const row of waiting.values()) if (row.timestamp >= since) add(row, null);
    for (const turn of await recentTurns(db, owner, conditions, since, wanted.limit)) add(turn, null);
  }
  const cosines = meaning && candidates.size > 0 ? await meaning.cosinesOf([...candidates.keys()]) : null;
  const all = [...candidates.values()].map((each) => ({
    ...each,
    cosine: cosines?.get(each.turn.turnId) ?? null,
    told: told.get(each.turn.turnId) ?? 0,
  }));
  return { candidates: all, waiting, degraded: meaning?.degraded ?? false };
}

/**
 * Turns of the times that a query names: those that share words with what else it says, and the latest ones, since
 * they answer it whatever they say.
 */
async function foundInTime(
  db: Database,
  owner: Owner,
  wanted: Wanted,
  conditions: MemoryConditions,
  words: WordMatches,
): Promise<{ turn: PooledTurn; ranked: RankedDocument | null }[]> {
  const placed = wanted.times.spans.map((span) => ({ ...span, conditions: within(conditions, span) }));
  const spans = placed.filter(({ isNear }) => !isNear);
  const near = placed.filter(({ isNear, since, until }) => isNear && +until - +since <= NEAR_MS);
  const searched = [...spans.slice(0, SEARCHED_SPANS), ...near.slice(0, SEARCHED_SPANS)];
  // Of a month or a year, what has none of the other words says nothing about them.
  const isOnlyTime = wanted.times.rest === '';
  const told = spans.filter(
    (span) => isOnlyTime || wanted.times.isRelative || span.weight >= CLOSE || isShort(span),
  );
  const waiting = [...words.waiting.values()].filter((row) =>
    told.some((span) => meets(span.conditions, row)),
  );
  const [byWords, latest] = await Promise.all([
    isOnlyTime
      ? []
      : Promise.all(searched.map((span) => foundByWords(db, owner, wanted, span.conditions, words))),
    told.length > 0 ? turnsWithin(db, owner, conditions, told, wanted.limit) : [],
  ]);
  return [...byWords.flat(), ...[...waiting, ...latest].map((turn) => ({ turn, ranked: null }))];
}

/** A part of a month, whose turns are few enough to be considered whatever they say. */
function isShort({ since, until, weight }: TimeSpan): boolean {
  return +until - +since <= NEAR_MS && weight >= SHORT_CLOSE;
}

/** The conditions, and the span as well. */
function within(conditions: MemoryConditions, span: TimeSpan): MemoryConditions {
  const last = new Date(span.until.getTime() - 1);
  const { since, until } = conditions;
  return {
    ...conditions,
    since: since && since > span.since ? since : span.since,
    until: until && until < last ? until : last,
  };
}

/** The turns that have words of a search, best first, as many as are looked into. */
export async function foundByWords(
  db: Database,
  owner: Owner,
  wanted: PoolWanted,
  conditions: MemoryConditions,
  words: WordMatches,
): Promise<{ turn: PooledTurn; ranked: RankedDocument }[]> {
  const isFiltered = Object.values(conditions).some((condition) => condition !== null);
  const allowed =
    isFiltered && words.ownerId !== null
      ? await documentsOf(db, owner, words.ownerId, conditions, mostAllowed(words.total))
      : null;
  if (allowed) for (const document of unindexed(words, conditions)) allowed.add(document);
  const found: { turn: PooledTurn; ranked: RankedDocument }[] = [];
  let looked = 0;
  for (let size = poolSize(wanted); size <= MAX_POOL; size *= 4) {
    const ranked = words.rank(size, allowed);
    const more = ranked.slice(looked);
    looked = ranked.length;
    found.push(...(await turnsOf(db, owner, conditions, words, more)));
    if (found.length >= wanted.limit || ranked.length < size) break;
  }
  return found;
}

function mostAllowed(total: number): number {
  return Math.max(MAX_ALLOWED, Math.min(MOST_ALLOWED, Math.floor(total * ALLOWED_SHARE)));
}

/**
 * How many turns are read to find the best: most of what a search costs. Where likeness is known, and for long lists, those far behind by their
 * words may come to the front.
 */
function poolSize({ limit, asksNow, comparesMeaning }: PoolWanted): number {
  if (asksNow) return POOL_OF_NOW;
  return comparesMeaning ? WIDE_POOL : Math.min(Math.max(LEAST_POOL, limit * POOL_FACTOR), WIDE_POOL);
}

/** Documents of this search beyond the index that meet the conditions. */
function unindexed(words: WordMatches, conditions: MemoryConditions): number[] {
  return [...words.fresh, ...words.waiting]
    .filter(([, turn]) => meets(conditions, turn))
    .map(([document]) => document);
}

/** The turns that ranked documents stand for; documents of deleted turns, or that miss a condition, have none. */
async function turnsOf(
  db: Database,
  owner: Owner,
  conditions: MemoryConditions,
  words: WordMatches,
  ranked: readonly RankedDocument[],
): Promise<{ turn: PooledTurn; ranked: RankedDocument }[]> {
  const ids: number[] = [];
  const documents: number[] = [];
  for (const { document } of ranked) {
    const fresh = words.fresh.get(document);
    if (fresh) ids.push(fresh.id);
    else if (!words.waiting.has(document)) documents.push(document);
  }
  const turns = await pooledTurns(db, owner, conditions, { ownerId: words.ownerId, documents, ids });
  const byDocument = new Map<number, PooledTurn>();
  const byId = new Map<number, PooledTurn>();
  for (const turn of turns) {
    if (typeof turn.document === 'number') byDocument.set(turn.document, turn);
    else byId.set(turn.id, turn);
  }
  const found: { turn: PooledTurn; ranked: RankedDocument }[] = [];
  for (const each of ranked) {
    const fresh = words.fresh.get(each.document);
    const turn =
      words.waiting.get(each.document) ?? (fresh ? byId.get(fresh.id) : byDocument.get(each.document));
    if (turn) found.push({ turn, ranked: each });
  }
  return found;
}
