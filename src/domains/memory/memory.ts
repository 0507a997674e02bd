import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import { READ_DEADLINE_MS } from '../../db/availability.ts';
import { Patience } from '../../db/patience.ts';
import { NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { charactersByName } from '../characters/reads.ts';
import { archiveOf } from '../interactions/archived.ts';
import type { TurnColumns } from '../interactions/reads.ts';
import type { TurnStore } from '../interactions/store.ts';
import type { InteractionRow } from '../interactions/tables.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { type SettingsServices, timeZone, timeZoneFor } from '../settings/settings.ts';
import { Calendar } from '../spoken-times/calendar.ts';
import { fitOf, readTimes, type SpokenTimes, timeless } from '../spoken-times/spoken-times.ts';
import { searchWaiting, searchWords, type WordMatches } from '../word-index/search.ts';
import type { TextAnalyses } from '../word-index/text-analyses.ts';
import { poolOf } from './candidates.ts';
import { asksNow } from './current.ts';
import { NOTHING_TOLD, toldByFacts } from './fact-hits.ts';
import { hitsOf, type MemoryHit, ranked, TIERS } from './hits.ts';
import type { MeaningSearch } from './meaning.ts';
import { type MemoryConditions, meets, type PooledTurn } from './pool.ts';
import { NOT_RERANKED, type Reranking, type RerankOutcome, rerank } from './reranking.ts';
import { shownTurns } from './shown-turns.ts';
import { isAnythingOf } from './spoken-of.ts';
import { withSuccessors } from './successors.ts';

export interface MemorySearch {
  readonly hits: readonly MemoryHit[];
  readonly tookMs: number;
  /** Whether a part of the search did not answer, so that hits may be missing. */
  readonly degraded: boolean;
  /** Whether nothing that is stored could be read: hits are among what waits for the database. */
  readonly readNothing: boolean;
  /** The query names a time of which nothing was found: hits are of other times. */
  readonly missedTime: boolean;
  /** The user has turns in the archive, and it was not searched. */
  readonly leftOutArchive: boolean;
  /** In which days were counted. */
  readonly timeZone: string;
  /** Whether a model put the best into order. */
  readonly rerank: RerankOutcome;
}

export interface MemoryServices extends SettingsServices {
  readonly store: TurnStore;
  readonly texts: TextAnalyses;
  /** Counts searches. */
  readonly metrics: { readonly usage: Pick<Metrics['usage'], 'countSearch'> };
  /** Null where no model that knows meaning is configured. */
  readonly meaning: MeaningSearch | null;
  /** Null where no model is configured that puts the best hits into order. */
  readonly reranking: Reranking | null;
}

export const MAX_MEMORIES = 100;
/** Characters at either end of a query that are searched for: the words of a longer one are cut in their middle anyway. */
const SEARCHED_END = 4_000;
/** How much of a query is read. */
export const QUERY_PARAMETERS = { SEARCHED_END };

const NO_CHARACTER = 0;
const limitError = { error: `must be from 1 to ${MAX_MEMORIES}` };
const scoreError = { error: 'must be from 0 to 1' };

const Search = z.object({
  query: input.text(input.MAX_QUERY_LENGTH),
  limit: z.int({ error: 'must be a whole number' }).min(1, limitError).max(MAX_MEMORIES, limitError),
  characterIds: z.array(z.int()).default([]),
  /** In which days are counted; absent: the user's. */
  timeZone: timeZone.nullish(),
});
/** Where it is searched. */
const Conditions = z.object({
  conversationId: input.conversationId.nullish(),
  since: input.instant.nullish(),
  until: input.instant.nullish(),
  minScore: z.number().min(0, scoreError).max(1, scoreError).nullish(),
  tiers: z.array(z.enum(TIERS)).max(TIERS.length, `must name at most ${TIERS.length} tiers`).nullish(),
  /** Only turns that mention this character, by the full name. */
  character: input.text(100).nullish(),
  /** False: without the archive. Whoever answers the user searches all that they ever said. */
  includeArchived: z.boolean().default(true),
});
/** What is searched for, as it was read. */
interface Wanted extends z.output<typeof Search>, z.output<typeof Conditions> {
  readonly calendar: Calendar;
  readonly times: SpokenTimes;
  /** It named a time of which nothing was found, and is searched for as if that were its subject. */
  readonly missedTime: boolean;
  readonly asksNow: boolean;
  /** Where the archive is left out: nothing that is searched was said before. */
  readonly oldest: Date | null;
  readonly columns: TurnColumns;
}

/**
 * Finds what was said before, within one user's own turns, stored or not yet stored: by the words of a turn and of
 * those around it, an exact phrase, a character that both mention, likeness of meaning where a model knows it, who
 * spoke and when; turns of the last day fill up the rest.
 *
 * @param columns what is read of the turns that are found, for a caller who shows no more of them
 * @throws InvalidInput, NotFound (the character)
 */
export async function searchMemory(
  { availability: whole, ...others }: MemoryServices,
  owner: Owner,
  given: z.input<typeof Search> & z.input<typeof Conditions>,
  columns: TurnColumns = 'all',
): Promise<MemorySearch> {
  const started = performance.now();
  const asked = { ...input.parseInput(Search, given), ...input.parseInput(Conditions, given, 'filter') };
  const parsed = { ...asked, query: endsOf(asked.query) };
  const services = { ...others, availability: new Patience(whole, READ_DEADLINE_MS) };
  const [zone, archive] = await Promise.all([
    timeZoneFor(services, owner, parsed.timeZone),
    parsed.includeArchived ? NOTHING_LEFT_OUT : archiveLeftOut(services, owner),
  ]);
  const calendar = new Calendar(new Date(), zone);
  const times = readTimes(parsed.query, calendar);
  const isNow = times.spans.length === 0 && asksNow(parsed.query);
  const wanted: Wanted = {
    ...{ ...parsed, calendar, times, columns },
    ...{ asksNow: isNow, missedTime: false, oldest: archive.oldestKept },
  };
  const conditions: MemoryConditions = {
    conversationId: wanted.conversationId ?? null,
    since: wanted.since ?? null,
    until: wanted.until ?? null,
    about: wanted.character == null ? null : await characterIdOf(services, owner, wanted.character),
    archived: archive.holdsAny ? false : null,
  };
  // Before anything is read from the database: a turn that gets there meanwhile is then found twice, not never.
  const waiting = services.store.pending.ofUser(owner).filter((row) => meets(conditions, row));
  const found = await search(services, owner, wanted, conditions, waiting);
  const { hits, rerank: outcome } = found ?? {
    hits: await hitsAmong(services, waiting, wanted),
    rerank: NOT_RERANKED,
  };
  const missedTime = wanted.times.spans.length > 0 && !hits.some(({ inTime }) => inTime);
  const tookMs = performance.now() - started;
  const degraded = !found || found.degraded || services.availability.missed > 0;
  services.metrics.usage.countSearch({ seconds: tookMs / 1_000, hits: hits.length, degraded });
  return {
    hits,
    tookMs,
    degraded,
    readNothing: !found,
    missedTime,
    leftOutArchive: archive.holdsAny,
    timeZone: zone,
    rerank: outcome,
  };
}

const NOTHING_LEFT_OUT = { holdsAny: false, oldestKept: null };

/** While the database is away nothing of the archive is found anyway. */
async function archiveLeftOut({ db, availability }: MemoryServices, owner: Owner) {
  return availability.tolerate(() => archiveOf(db.pool, owner), NOTHING_LEFT_OUT);
}

/** A pasted text by its beginning and its end, so that no letters keep a search busy. */
function endsOf(query: string): string {
  if (query.length <= 2 * SEARCHED_END) return query;
  return `${query.slice(0, SEARCHED_END)}\n${query.slice(-SEARCHED_END)}`.toWellFormed();
}

/** While the database is away nobody knows the character, and no turn is about it. */
async function characterIdOf(
  { db, availability }: MemoryServices,
  owner: Owner,
  name: string,
): Promise<number> {
  const found = await availability.tolerate(() => charactersByName(db, owner, [name]), null);
  if (found === null) return NO_CHARACTER;
  if (!found[0]) throw new NotFound('filter.character', `there is no character "${name}"`);
  return found[0].id;
}

/** Null while the database is away. Only what it is asked counts as waiting for it: vectors have a time of their own. */
async function search(
  services: MemoryServices,
  owner: Owner,
  wanted: Wanted,
  conditions: MemoryConditions,
  waiting: readonly InteractionRow[],
): Promise<{ hits: MemoryHit[]; degraded: boolean; rerank: RerankOutcome } | null> {
  const { db, availability } = services;
  const { times } = wanted;
  const { rest } = times;
  const mayBeSubject = times.spans.length > 0 && (rest !== '' || times.isBare);
  if (mayBeSubject && !(await availability.tolerate(() => isAnythingOf(db, owner, times, waiting), true)))
    return search(services, owner, withoutTimes(wanted), conditions, waiting);
  // Never rejects, so it may run beside what follows.
  // Nothing means the same as a question of which nothing but a time is left.
  const since = laterOf(conditions.since, wanted.oldest);
  const meaning =
    rest === '' ? null : (services.meaning?.search(owner, wanted.query, { ...conditions, since }) ?? null);
  const { words, told } = await wordsAndTold(services, owner, rest, waiting);
  const found = words && { words, told, meaning: await meaning };
  const pool =
    found &&
    (await availability.tolerate(async () => {
      const byQuestion = await poolOf(db, owner, wanted, conditions, found);
      return wanted.asksNow
        ? withSuccessors(services, owner, wanted, conditions, waiting, byQuestion)
        : byQuestion;
    }, null));
  if (!words || !pool) return null;
  // Nothing was said at that time, so it may be what was spoken of: then its words count like others.
  if (mayBeSubject && !pool.candidates.some(({ turn }) => fitOf(times, turn.timestamp) > 0))
    return search(services, owner, withoutTimes(wanted), conditions, waiting);
  const stored = (turns: readonly PooledTurn[]) => shownTurns(db, owner, turns, wanted.columns);
  const standing = ranked({ words, ...pool }, wanted);
  const asked = { query: wanted.query, isRelativeTime: times.isRelative };
  // A model has a time of its own, too.
  const { hits: judged, outcome } = await rerank(services.reranking, asked, standing.judged);
  const hits = await availability.tolerate(
    () => hitsOf({ ...pool, stored }, wanted, { ...standing, judged }),
    null,
  );
  return hits && { hits, degraded: pool.degraded || words.incomplete, rerank: outcome };
}

/** What the words of a question find, with the names that facts know of what it speaks of, and turns that said such facts. */
async function wordsAndTold(
  services: MemoryServices,
  owner: Owner,
  question: string,
  waiting: readonly InteractionRow[],
): Promise<{ words: WordMatches | null; told: ReadonlyMap<string, number> }> {
  const { db, availability } = services;
  const search = (query: string) =>
    availability.tolerate(() => searchWords(services, owner, query, waiting), null);
  const [words, { turns: told, names }] = await Promise.all([
    search(question),
    availability.tolerate(() => toldByFacts(db, owner, question), NOTHING_TOLD),
  ]);
  if (names.length === 0 || !words) return { words, told };
  return { words: (await search(`${question} ${names.join(' ')}`)) ?? words, told };
}

/** Searched for as if the time that it names were its subject, since nothing was said then. */
function withoutTimes(wanted: Wanted): Wanted {
  return { ...wanted, times: timeless(wanted.query), missedTime: true, asksNow: asksOfToday(wanted) };
}

/** "Who is my doctor today?" asks how it is now, where nothing was said today. */
function asksOfToday({ query, times, calendar }: Wanted): boolean {
  return (
    times.spans.some(({ since, until }) => since <= calendar.now && calendar.now < until) && asksNow(query)
  );
}

function laterOf(a: Date | null, b: Date | null): Date | null {
  return a && b ? (a > b ? a : b) : (a ?? b);
}

/** While the database is away: what waits for it. */
async function hitsAmong(
  { texts }: Pick<MemoryServices, 'texts'>,
  waiting: readonly InteractionRow[],
  wanted: Wanted,
): Promise<MemoryHit[]> {
  const words = await searchWaiting(texts, wanted.times.rest, waiting);
  const byWords = new Map(words.rank(waiting.length, null).map((each) => [each.document, each]));
  const rows = new Map([...words.waiting.values()].map((row) => [row.turnId, row]));
  const candidates = [...words.waiting].map(([document, turn]) => ({
    turn,
    words: byWords.get(document) ?? null,
    meaning: null,
  }));
  const found = { waiting: rows, stored: async () => new Map() };
  return hitsOf(found, wanted, ranked({ words, candidates }, wanted));
}
