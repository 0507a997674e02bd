import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Tolerance } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { nameKeyOf } from '../characters/name-key.ts';
import { charactersByName } from '../characters/reads.ts';
import { factsNear } from '../fact-vectors/near.ts';
import {
  currentOf,
  type FoundConditions,
  factsWithTerms,
  historyOfFacts,
  latestSources,
  turnsOfFacts,
} from '../facts/found.ts';
import { factsByNumber } from '../facts/reads.ts';
import type { FactRow, FactSourceRow } from '../facts/tables.ts';
import { asks } from '../utterances/utterance.ts';
import { byNames } from './associations.ts';
import { type AskedOfFacts, askedOfFacts, isOfSubject, sharedWith } from './fact-words.ts';
import type { MeaningSearch } from './meaning.ts';

/** A fact that was found, and why. */
export interface FactHit {
  readonly fact: FactRow;
  /** Relevance, 0 to 1; comparable within one search only. */
  readonly score: number;
  /** For people. */
  readonly reasons: readonly string[];
}

/** A fact that holds, as an answer tells it. */
export interface KnownFact extends FactHit {
  /** What was so before, the latest first. */
  readonly history: readonly FactRow[];
  /** Where it was said last. */
  readonly source: FactSourceRow | null;
  /** It shares too few words with the question: it only means something like it, and may be no answer. */
  readonly isLike: boolean;
}

interface FactServices {
  readonly db: Database;
  readonly availability: Tolerance;
  /** Null where no model that knows meaning is configured. */
  readonly meaning: MeaningSearch | null;
}

/** Of what a question is about, a fact must have so much of the weight; of what is only looked for, less. */
const SHARE_OF_QUESTION = 0.6;
const SHARE_OF_WORDS = 0.5;
/** So much is enough, however much else is asked: two rare words. */
const ENOUGH = 2;
/** Facts that are looked at; those that share most terms. */
const LOOKED_AT = 300;
/** Beside the best fact of an answer, one with less than this of its score only fills the page. */
const RELATIVE_FLOOR = 0.75;
/** What a score depends on beside the words: how sure a fact is. */
const BY_CONFIDENCE = 0.15;
/** The score of the fact that is nearest in what it means: below those that share enough words. */
const LIKE_SCORE = 0.4;
/** Facts of which a search of turns takes the sources, and how many of each. */
const FACTS_OF_SEARCH = 20;
const SOURCES_EACH = 5;
/** Which facts have a say. */
export const FACT_PARAMETERS = {
  ...{ SHARE_OF_QUESTION, SHARE_OF_WORDS, ENOUGH, LOOKED_AT, RELATIVE_FLOOR, BY_CONFIDENCE },
  ...{ LIKE_SCORE, FACTS_OF_SEARCH, SOURCES_EACH },
};
export const NOTHING_TOLD: ToldByFacts = { turns: new Map(), names: [] };
const ANYWHERE = { conversationId: null, since: null, until: null, subjectKeys: null };

const Conditions = z.object({
  conversationId: input.conversationId.nullish(),
  since: input.instant.nullish(),
  until: input.instant.nullish(),
  character: input.text(100).nullish(),
  minScore: z.number().nullish(),
});

/**
 * The facts of one user that speak of what a text speaks of: those that hold first, each by how much of it they have; then those that mean
 * something like it, where a model knows meaning. None of a question that has too little in common with any.
 *
 * @param byName whether names stand in it for what they are to who asks: once is enough
 * @throws InvalidInput, NotFound (the character)
 */
export async function searchFacts(
  services: FactServices,
  owner: Owner,
  wanted: { readonly query: string; readonly limit: number; readonly includeSuperseded: boolean } & z.input<
    typeof Conditions
  >,
  byName = false,
): Promise<FactHit[]> {
  const { db, availability } = services;
  const { query, limit, includeSuperseded } = wanted;
  const conditions = input.parseInput(Conditions, wanted, 'filter');
  const asked = askedOfFacts(query);
  if (!asked) return [];
  const { conversationId = null, since = null, until = null, character = null } = conditions;
  const subjectKeys = await availability.tolerate(
    async () => (character === null ? null : keysOfCharacter(db, owner, character)),
    [],
  );
  const where = { conversationId, since, until, subjectKeys, superseded: includeSuperseded || null };
  const [found, like] = await Promise.all([
    availability.tolerate(() => factsWithTerms(db, owner, asked.terms, where, LOOKED_AT), []),
    hitsLike(services, owner, query, where),
  ]);
  const isQuestion = asks(query);
  // Who asks about themselves is not told of others.
  const isOfThem = (fact: FactRow) => !isQuestion || !asked.isOfOwner || isOfSubject(asked, fact);
  const byWords = found.flatMap((fact) => hitOf(asked, fact, isQuestion) ?? []);
  const own = withMore(byWords, like).filter(({ fact }) => isOfThem(fact));
  const { questions } = byNames(isQuestion && !byName ? query : '', found);
  const named = await Promise.all(
    questions.map((question) => searchFacts(services, owner, { ...wanted, query: question }, true)),
  );
  const hits = withMore(own, named.flat());
  return hits
    .filter(({ score }) => score >= (conditions.minScore ?? 0))
    .sort(byStanding)
    .slice(0, limit);
}

/**
 * The facts that answer a question: of the one who asks, where it is about them, else of whom it names. Of what is no longer so,
 * what took its place. One statement where nothing is known; none of what asks nothing.
 *
 * @param byName whether names stand in it for what they are to who asks: once is enough
 */
export async function factsForAnswer(
  services: FactServices,
  owner: Owner,
  question: string,
  limit: number,
  byName = false,
): Promise<KnownFact[]> {
  const { db, availability } = services;
  const asked = asks(question) ? askedOfFacts(question) : null;
  if (!asked) return [];
  const [found, like] = await Promise.all([
    availability.tolerate(
      () => factsWithTerms(db, owner, asked.terms, { ...ANYWHERE, superseded: true }, LOOKED_AT),
      [],
    ),
    hitsLike(services, owner, question, { ...ANYWHERE, superseded: null }),
  ]);
  const isOf = ({ fact }: FactHit) => isOfSubject(asked, fact);
  const fitting = found.flatMap((fact) => hitOf(asked, fact, true) ?? []).filter(isOf);
  const nearby = like.filter(isOf);
  // "Where does my sister live?" is answered by what is known of Petra.
  const { questions } = byNames(byName ? '' : question, found);
  const named = await Promise.all(
    questions.map((each) => factsForAnswer(services, owner, each, limit, true)),
  );
  const ofNamed = named.flat();
  if (fitting.length === 0 && nearby.length === 0)
    return withMore(ofNamed, []).sort(byStanding).slice(0, limit);
  const own = await availability.tolerate(async () => {
    const hits = fitting.length === 0 ? [] : await standing(db, owner, fitting);
    const best = Math.max(0, ...hits.map(({ score }) => score));
    const byWords = hits.filter(({ score }) => score >= best * RELATIVE_FLOOR);
    const chosen = withMore(byWords, nearby).sort(byStanding).slice(0, limit);
    const facts = chosen.map(({ fact }) => fact);
    const [histories, sources] = await Promise.all([
      historyOfFacts(db, owner, facts),
      latestSources(db, owner, facts),
    ]);
    return chosen.map((hit, at) => ({
      ...hit,
      ...{ history: histories[at] ?? [], source: sources[at] ?? null, isLike: !byWords.includes(hit) },
    }));
  }, []);
  return withMore(own, ofNamed).sort(byStanding).slice(0, limit);
}

/** What facts that hold tell a search of turns. */
export interface ToldByFacts {
  /** Turns that said what the question is about, with how much of it that is, 0 to 1. */
  readonly turns: ReadonlyMap<string, number>;
  /** Names of what the question calls by what it is to whoever asks. */
  readonly names: readonly string[];
}

/** Nothing of what was superseded or taken back, and nothing to a text that asks nothing. One statement where nothing is known. */
export async function toldByFacts(db: Database, owner: Owner, text: string): Promise<ToldByFacts> {
  const asked = asks(text) ? askedOfFacts(text) : null;
  if (!asked) return NOTHING_TOLD;
  const found = await factsWithTerms(db, owner, asked.terms, { ...ANYWHERE, superseded: null }, LOOKED_AT);
  const { names } = byNames(text, found);
  const hits = found
    .filter((fact) => isOfSubject(asked, fact))
    .flatMap((fact) => hitOf(asked, fact, true) ?? [])
    .sort(byStanding)
    .slice(0, FACTS_OF_SEARCH);
  if (hits.length === 0) return { ...NOTHING_TOLD, names };
  const scores = new Map(hits.map(({ fact, score }) => [fact.id, score]));
  const facts = hits.map(({ fact }) => fact);
  const turns = new Map<string, number>();
  for (const { fact, turnId } of await turnsOfFacts(db, owner, facts, SOURCES_EACH))
    turns.set(turnId, Math.max(turns.get(turnId) ?? 0, scores.get(fact) ?? 0));
  return { turns, names };
}

/** Facts that hold and mean something like a text, nearest first. None where no model knows meaning, or it does not answer in time. */
export async function factsLike(services: FactServices, owner: Owner, text: string): Promise<FactRow[]> {
  const asked = askedOfFacts(text);
  if (!asked) return [];
  const isOfThem = (fact: FactRow) => !asks(text) || !asked.isOfOwner || isOfSubject(asked, fact);
  const hits = await hitsLike(services, owner, text, { ...ANYWHERE, superseded: null });
  return hits.map(({ fact }) => fact).filter(isOfThem);
}

/** The model has a time of its own, and is not waited for as the database is. */
async function hitsLike(
  { db, availability, meaning }: FactServices,
  owner: Owner,
  text: string,
  conditions: FoundConditions,
): Promise<FactHit[]> {
  const embedded = await meaning?.embed(owner, text);
  if (!embedded) return [];
  return availability.tolerate(async () => {
    const near = await factsNear(db, owner, embedded, conditions);
    const [nearest] = near;
    if (!nearest) return [];
    const numbers = near.map(({ fact }) => fact);
    const facts = await factsByNumber(db, owner.tenantId, numbers);
    return near.flatMap(({ cosine }, at) => {
      const fact = facts[at];
      if (!fact) return [];
      const score = scoreOf(LIKE_SCORE * (cosine / nearest.cosine), fact);
      return [{ fact, score, reasons: ['means something like it', ...standingReasons(fact)] }];
    });
  }, []);
}

/** Some hits, and those of others that are not among them. */
function withMore<Hit extends FactHit>(hits: readonly Hit[], more: readonly Hit[]): Hit[] {
  const known = new Map([...more, ...hits].map((hit) => [hit.fact.id, hit]));
  return [...known.values()];
}

/** What holds of some facts and of what took the place of others, each once, with the best score. */
async function standing(db: Database, owner: Owner, hits: readonly FactHit[]): Promise<FactHit[]> {
  const superseded = hits.filter(({ fact }) => fact.status === 'SUPERSEDED');
  const current = await currentOf(
    db,
    owner,
    superseded.map(({ fact }) => fact),
  );
  const best = new Map<number, FactHit>();
  for (const hit of hits) {
    const fact = hit.fact.status === 'ACTIVE' ? hit.fact : current.get(hit.fact.id);
    if (fact && (best.get(fact.id)?.score ?? 0) < hit.score) best.set(fact.id, { ...hit, fact });
  }
  return [...best.values()];
}

function hitOf(asked: AskedOfFacts, fact: FactRow, isQuestion: boolean): FactHit | null {
  const { words, weight, share } = sharedWith(asked, fact);
  if (share < (isQuestion ? SHARE_OF_QUESTION : SHARE_OF_WORDS) && weight < ENOUGH) return null;
  const reasons = [`speaks of: ${words.join(', ')}`, ...standingReasons(fact)];
  return { fact, score: scoreOf(share, fact), reasons };
}

function scoreOf(share: number, { confidence }: FactRow): number {
  return share * (1 - BY_CONFIDENCE + BY_CONFIDENCE * confidence);
}

function standingReasons({ status, origin }: FactRow): string[] {
  return [
    ...(status === 'SUPERSEDED' ? ['no longer holds'] : []),
    ...(origin === 'PERSON' ? ['was entered by a person'] : []),
  ];
}

/** What holds first, then the more relevant, then the latest. */
function byStanding(a: FactHit, b: FactHit): number {
  const holds = ({ fact }: FactHit) => (fact.status === 'ACTIVE' ? 1 : 0);
  return (
    holds(b) - holds(a) ||
    b.score - a.score ||
    b.fact.lastSaidAt.getTime() - a.fact.lastSaidAt.getTime() ||
    b.fact.id - a.fact.id
  );
}

async function keysOfCharacter(db: Database, owner: Owner, name: string): Promise<string[]> {
  const [character] = await charactersByName(db, owner, [name]);
  if (!character) throw new NotFound('filter.character', `there is no character "${name}"`);
  return [character.characterName, ...character.aliases].map(nameKeyOf).filter((key) => key !== '');
}
