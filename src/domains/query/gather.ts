import type { Owner } from '../../access/principals.ts';
import { type UsedLore, useLore } from '../characters/lore-use.ts';
import type { CharacterMention } from '../characters/matcher.ts';
import { charactersById } from '../characters/reads.ts';
import type { CharacterRow } from '../characters/tables.ts';
import { interactionsByTurnId, latestInteractions, type TurnColumns } from '../interactions/reads.ts';
import type { InteractionRow } from '../interactions/tables.ts';
import { memoriesAbout } from '../memory/about.ts';
import { factsForAnswer, type KnownFact } from '../memory/fact-hits.ts';
import type { MemoryHit } from '../memory/hits.ts';
import { type MemorySearch, searchMemory } from '../memory/memory.ts';
import { Calendar } from '../spoken-times/calendar.ts';
import { subjectWordsAmong } from '../utterances/frames.ts';
import { wordsOf } from '../word-index/analysis.ts';
import type { AcceptedQuery } from './accepted.ts';
import { asksAboutCharacter } from './asks-about.ts';
import { castOf, charactersOfConversation } from './cast.ts';
import type { Cast } from './character-prompt.ts';
import { type BuiltContext, buildContext, tokensIn } from './context.ts';
import { type Classification, classifyIntent } from './intents.ts';
import { fittingFacts } from './known.ts';
import { whoOfNamesakes } from './namesakes.ts';
import type { PatientServices } from './query.ts';
import { relevantMemories } from './relevance.ts';
import { decidedBy, isUnsure } from './unsure.ts';

/** What an answer is made from. */
export interface GatheredContext extends BuiltContext {
  /** What is known that answers it, the best first. */
  readonly facts: readonly KnownFact[];
  readonly classification: Classification;
  /** Those that the query mentions, the main one first. */
  readonly characters: readonly CharacterRow[];
  /** Whether it asks about one of them, rather than telling something or asking what was said. */
  readonly asksAboutCharacter: boolean;
  /** Who answers, where characters do; null: the assistant. */
  readonly cast: Cast | null;
  /** What of their lore the query, or what was said just before, triggers. */
  readonly lore: readonly UsedLore[];
  /** It names a time of which nothing was found: the memories are of other times. */
  readonly missedTime: boolean;
  /** A part of what is remembered could not be read in time, so that something may be missing. */
  readonly degraded: boolean;
  /** In which the user counts days. */
  readonly timeZone: string;
  /** Milliseconds by step. */
  readonly timings: { readonly classify: number; readonly context: number };
}

/** More than the budget holds as a rule, since some say the same. */
const MAX_MEMORIES = 20;
/** Of which those are taken that speak to the question. */
const MAX_FOUND = 60;
const MAX_FACTS = 10;

/** Where a profile is the answer: what an answer cites, and the latest turns about its characters among which it chooses. */
const MAX_BESIDE_PROFILE = 10;
const LOOKED_BESIDE_PROFILE = 50;

/**
 * Classifies the query and reads what belongs to it: mentioned characters, the conversation so far, memories.
 *
 * @param options.profileAnswers a profile is the answer to who asks about a character: nothing is read then that such an answer
 *   has no use for
 * @param options.columns what is read of memories; absent: whole turns
 */
export async function gatherContext(
  services: PatientServices,
  query: AcceptedQuery,
  options: { readonly profileAnswers: boolean; readonly columns?: TurnColumns | undefined },
): Promise<GatheredContext> {
  const { db, config, characters, availability, store } = services;
  const { owner } = query;
  const started = performance.now();
  const missedBefore = availability.missed;
  const mentions = await availability.tolerate(() => characters.mentionsIn(owner, query.query), []);
  const characterIds = mentions.map(({ characterId }) => characterId);
  const asksAbout = mentions.some((mention) => asksAboutCharacter(query.query, mention));
  // Whether there is a conversation so far decides nothing where a character is mentioned.
  const ofMention = mentions.length > 0 ? intentOf(query, true, false) : null;
  const deciding = ofMention ? null : decidedByModel(services, query);
  const isProfile =
    options.profileAnswers &&
    // Where characters answer, their models do.
    query.characters.length === 0 &&
    asksAbout &&
    ofMention?.intent === 'character_query';
  // Before anything is read from the database: a turn that gets there meanwhile is then seen twice, not never.
  const waiting = store.pending.ofConversation(owner, query.conversationId);
  const [stored, mentioned, memories, known] = await Promise.all([
    availability.tolerate(
      () => latestInteractions(db, owner, query.conversationId, config.maxContextMessages),
      [],
    ),
    characterIds.length > 0 ? availability.tolerate(() => charactersById(db, owner, characterIds), []) : [],
    isProfile
      ? memoriesBesideProfile(services, query, mentions, options.columns)
      : searchMemory(
          services,
          owner,
          { query: query.query, limit: MAX_FOUND, characterIds, timeZone: query.timeZone },
          options.columns,
        ),
    isProfile ? [] : factsForAnswer(services, owner, query.query, MAX_FACTS),
  ]);
  const { timeZone: zone } = memories;
  const read = performance.now();
  const history = latestOf(stored, waiting, config.maxContextMessages);
  const named = mentioned.flatMap((character) => character ?? []);
  const { cast, lore } = isProfile
    ? { cast: null, lore: [] }
    : await castAndLore(services, query, { named, history });
  const loreTokens = lore.reduce((sum, { entry }) => sum + tokensIn(entry.content), 0);
  const meant = whoOfNamesakes(named, mentions, { history, present: presentIn(cast) });
  const asked = asksAbout && !cast ? meant.question : null;
  const byRules = ofMention ?? intentOf(query, false, history.length > 0);
  const classification = asking(decidedBy(byRules, await deciding), asked);
  // Its refusal needs none.
  const isRefused = classification.intent === 'system_command';
  const relevant = isRefused
    ? []
    : relevantMemories(query.query, memories.hits, {
        asksForPast: classification.intent === 'memory_recall',
        today: new Calendar(new Date(), zone).midnight,
        limit: MAX_MEMORIES,
      });
  const told = fittingFacts(isRefused ? [] : known, config.contextTokenBudget, zone);
  const evidence = await saidIn(services, owner, told.facts, relevant);
  const chosen = performance.now();
  const degraded = query.isPlaceMissed || availability.missed > missedBefore || memories.degraded;
  return {
    classification,
    degraded,
    // Of what was not read nobody knows when it was said.
    missedTime: memories.missedTime && !degraded,
    timeZone: zone,
    characters: meant.characters,
    cast,
    lore,
    asksAboutCharacter: asksAbout,
    facts: told.facts,
    ...buildContext(
      history,
      [...evidence, ...relevant],
      Math.max(0, config.contextTokenBudget - told.tokens - loreTokens),
      {
        ...{ timeZone: zone, reader: 'model' },
      },
    ),
    timings: { classify: chosen - read, context: read - started + (performance.now() - chosen) },
  };
}

/** The latest turns of a conversation, those that wait for the database among them. */
function latestOf(
  stored: readonly InteractionRow[],
  waiting: readonly InteractionRow[],
  limit: number,
): InteractionRow[] {
  if (limit === 0) return [];
  const kept = new Set(stored.map(({ turnId }) => turnId));
  return [...stored, ...waiting.filter(({ turnId }) => !kept.has(turnId))].slice(-limit);
}

function presentIn(cast: Cast | null): readonly CharacterRow[] {
  return cast ? [cast.answering.character, ...cast.others] : [];
}

/** @param question what is to be asked back where a character is asked about; null: nothing */
function asking(classification: Classification, question: string | null): Classification {
  if (question === null || classification.intent !== 'character_query') return classification;
  return { ...classification, requiresClarification: true, clarifyingQuestions: [question] };
}

/** Who answers, and what is told of those who answer and of those whom the query names. */
async function castAndLore(
  services: PatientServices,
  accepted: AcceptedQuery,
  { named, history }: { named: readonly CharacterRow[]; history: readonly InteractionRow[] },
): Promise<Pick<GatheredContext, 'cast' | 'lore'>> {
  const { availability, characters } = services;
  const { owner, query, turnId, characters: names } = accepted;
  const there = await availability.tolerate(() => charactersOfConversation(services, owner, names), []);
  const ids = named.map(({ id }) => id);
  const cast = await availability.tolerate(
    () => castOf(services, accepted, there, { named: ids, history }),
    null,
  );
  const isThere = new Set(there.map(({ id }) => id));
  const present = [...there, ...named.filter(({ id }) => !isThere.has(id))];
  const books = await availability.tolerate(() => characters.lore.booksOf(owner, present), []);
  const said = [query, ...history.toReversed().flatMap((turn) => [turn.response, turn.query])];
  return { cast, lore: useLore(books, said, turnId, tokensIn) };
}

/** What a profile is answered with: turns about its characters. Where more is asked than who they are, by the words that it is asked in. */
function memoriesBesideProfile(
  services: PatientServices,
  { owner, query, timeZone }: AcceptedQuery,
  mentions: readonly CharacterMention[],
  columns: TurnColumns | undefined,
): Promise<Pick<MemorySearch, 'hits' | 'missedTime' | 'timeZone' | 'degraded'>> {
  const asked = {
    ...{ query, timeZone, limit: MAX_BESIDE_PROFILE },
    characterIds: mentions.map(({ characterId }) => characterId),
  };
  const names = mentions.toSorted((a, b) => b.start - a.start);
  const rest = names.reduce((text, { start, end }) => `${text.slice(0, start)} ${text.slice(end)}`, query);
  const others = subjectWordsAmong(wordsOf(rest).map(({ word }) => word));
  if (others.size === 0)
    return memoriesAbout(services, owner, { ...asked, looked: LOOKED_BESIDE_PROFILE }, columns);
  return searchMemory(services, owner, { ...asked, tiers: ['CHARACTER', 'PHRASE'] }, columns);
}

function intentOf(
  { query, requestType }: AcceptedQuery,
  mentionsCharacter: boolean,
  hasHistory: boolean,
): Classification {
  const classified = classifyIntent(query, { mentionsCharacter, hasHistory });
  return requestType === 'system_command' ? asSystemCommand(classified) : classified;
}

/** Begins before anything is read, so that both take their time together. */
function decidedByModel({ intents }: PatientServices, query: AcceptedQuery) {
  if (!intents || !isUnsure(query.query, intentOf(query, false, false))) return null;
  return intents.decide(query.owner, query.query);
}

function asSystemCommand(classification: Classification): Classification {
  return {
    ...classification,
    intent: 'system_command',
    confidence: 1,
    requiresClarification: false,
    clarifyingQuestions: [],
  };
}

/** The turns in which facts were said last, as memories, so that an answer can cite them; those that were found stay as they are. */
async function saidIn(
  { db, availability }: PatientServices,
  owner: Owner,
  facts: readonly KnownFact[],
  found: readonly MemoryHit[],
): Promise<MemoryHit[]> {
  const known = new Set(found.map(({ interaction }) => interaction.turnId));
  const cited = new Map<string, KnownFact>();
  for (const fact of facts) {
    const turnId = fact.source?.turnId;
    if (turnId && !known.has(turnId) && !cited.has(turnId)) cited.set(turnId, fact);
  }
  if (cited.size === 0) return [];
  const turns = await availability.tolerate(() => interactionsByTurnId(db, owner, [...cited.keys()]), []);
  return turns.flatMap((interaction) => {
    const fact = interaction && cited.get(interaction.turnId);
    if (!fact) return [];
    const reasons = () => ['a fact that answers the question was said in it'];
    const { score } = fact;
    const traits = { isSimilar: false, inTime: false, tellsWhatBecame: false, tellsNothing: false };
    return { interaction, score, tier: 'KEYWORDS' as const, reasons, ...traits };
  });
}
