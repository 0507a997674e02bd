import { foldLetters } from '../../ground/letters.ts';
import { fitOf, type SpokenTimes } from '../spoken-times/spoken-times.ts';
import { subjectWordsAmong } from '../utterances/frames.ts';
import { CHARACTER_DATABASE, hasAnswer } from '../utterances/recalled.ts';
import { asks } from '../utterances/utterance.ts';
import { termsOf, wordsOf } from '../word-index/analysis.ts';
import { answersTo, saysAnswer } from './answers.ts';
import type { Candidate } from './candidates.ts';
import { asksNow, saysChange, saysItChanged, saysOfMe } from './current.ts';
import { asksWhen, saysWhen } from './dates.ts';
import { likenessAmong, neighbour, placesOf } from './likeness.ts';
import { asksWhere, saysWhere } from './places.ts';
import { isAbout, type PooledTurn } from './pool.ts';
import { BY_MEANING, BY_WORDS } from './weights.ts';

/** What of a query matters for the order of its hits. */
export interface Question {
  readonly text: string;
  readonly times: SpokenTimes;
  readonly asksWhen: boolean;
  /** How something is at present, so that the newest statement of it is the answer. */
  readonly asksNow: boolean;
  readonly asksHowMany: boolean;
  readonly asksWhere: boolean;
  /** One of which what answers it says, as a rule. */
  readonly answers: readonly RegExp[];
  /** The one speaker that it names. */
  readonly speaker: string | null;
  /** Whose words it asks for: "what did I say", "what did you recommend". */
  readonly asksFor: 'user' | 'assistant' | null;
  readonly characterIds: readonly number[];
  /** Runs of three words of it. */
  readonly phrases: readonly string[];
  readonly terms: readonly string[];
  /** How much more it counts that a turn is of the time that is named where little else is asked. */
  readonly timeFactor: number;
  /** Terms of all of it, the time that it names as well. */
  readonly asked: ReadonlySet<string>;
  /** How each of `terms` is written in it. */
  readonly written: ReadonlyMap<string, string>;
}

/** How a candidate fares, and why. */
export interface Judgement {
  /** What the order goes by; comparable within one search. */
  readonly fused: number;
  readonly phrase: string | null;
  readonly sharesCharacter: boolean;
  readonly bySpeaker: boolean;
  readonly inTime: boolean;
  readonly answersQuestion: boolean;
  /** It asks and holds no answer, so that it comes behind all that tells something. */
  readonly tellsNothing: boolean;
  /** It is the newest that says how something is, where that is asked. */
  readonly isNewest: boolean;
}

/** A question that asks so much of what another asks, and nothing else, asks the same. */
const SAME_QUESTION = 0.7;
/** What is left of the score of a turn that tells nothing. */
const TELLING_NOTHING = 0.1;
/** By how much what is so now goes before what was so. */
const AHEAD = 0.01;
const DAY_MS = 86_400_000;
/** Candidates, best first, of which it is told apart who said what, and looked whether it answers: the others have no chance, and it takes time. */
const SIDES = 40;
/** Three words in a row are a phrase if one of them says what is asked about and is at least this long. */
const LONG_WORD = 5;
const PHRASE_WORDS = 3;
const MAX_PHRASES = 40;
/** Beside the weights of the signs. */
export const SCORING_PARAMETERS = {
  ...{ SAME_QUESTION, TELLING_NOTHING, AHEAD, SIDES, LONG_WORD, PHRASE_WORDS, MAX_PHRASES },
};
const WORDS = /[\p{L}\p{N}]+(?:['’]\p{L}+)?/gu;
const QUANTITY =
  /\b(\d+|one|two|three|four|five|six|seven|eight|nine|ten|once|twice|couple|few|several|dozen|hundred)\b/iu;
const ASKS_USER =
  /\b(did|have|had|do|was|were|am) i\b|\bi (said|told|mentioned|asked|wanted|liked|planned)\b|\bmy\b/iu;
const ASKS_ASSISTANT =
  /\b(did|have|had) you\b|\byou (said|told|mentioned|suggested|recommended|answered|explained)\b|\byour (answer|suggestion|recommendation|advice)\b/iu;

/** Reads a query once for all candidates. */
export function readQuestion(
  text: string,
  known: { speakers: ReadonlySet<string>; characterIds: readonly number[]; times: SpokenTimes },
): Question {
  const words = text.toLowerCase().match(WORDS) ?? [];
  const named = new Set(
    words.map((word) => word.replace(/['’].*$/u, '')).filter((word) => known.speakers.has(word)),
  );
  const [speaker = null] = named;
  const asked = known.times.rest.toLowerCase().match(WORDS) ?? [];
  const written = new Map(wordsOf(known.times.rest).map(({ word, term }) => [term, word]));
  const terms = [...written.keys()];
  return {
    text,
    times: known.times,
    asksWhen: asksWhen(text),
    asksNow: known.times.spans.length === 0 && asksNow(text),
    asksWhere: asksWhere(text),
    answers: answersTo(text),
    asksHowMany: /\bhow (many|much|often|long)\b/iu.test(text),
    speaker: named.size === 1 ? speaker : null,
    asksFor: ASKS_ASSISTANT.test(text) ? 'assistant' : ASKS_USER.test(text) ? 'user' : null,
    characterIds: known.characterIds,
    phrases: phrasesOf(asked.slice(0, MAX_PHRASES)),
    terms,
    timeFactor: 1 + 1 / Math.max(1, terms.length - named.size),
    asked: termsOf(text),
    written,
  };
}

function phrasesOf(words: readonly string[]): string[] {
  const runs = words.map((_, at) => words.slice(at, at + PHRASE_WORDS));
  const subject = subjectWordsAmong(words);
  const isTelling = (word: string) => word.length >= LONG_WORD && subject.has(foldLetters(word));
  return runs.filter((run) => run.length === PHRASE_WORDS && run.some(isTelling)).map((run) => run.join(' '));
}

/** Judges all candidates of one search together; those found by their words come first, best first. */
export function judge(question: Question, candidates: readonly Candidate[], now: Date): Judgement[] {
  const silent = candidates.map(({ turn }) => tellsNothing(question, turn));
  const telling = candidates.filter((_, index) => !silent[index]);
  const best = Math.max(
    ...(telling.length > 0 ? telling : candidates).map(({ words }) => words?.score ?? 0),
    Number.MIN_VALUE,
  );
  const { signs, newest, before: outdated } = currentOf(question, telling);
  const places = placesOf(candidates);
  const likeness = likenessAmong(candidates, places);
  const weights = likeness ? BY_MEANING : BY_WORDS;
  const timeWeight = question.times.isRelative ? weights.relativeTime : weights.time * question.timeFactor;
  const judgements = candidates.map((candidate, index): Judgement => {
    const { turn, words, meaning } = candidate;
    const said = `${turn.query}\n${turn.response}`;
    const before = neighbour(places, turn, -1);
    const next = neighbour(places, turn, 1);
    const isSilent = silent[index] ?? false;
    const phrase = isSilent ? null : phraseIn(question.phrases, turn);
    const sharesCharacter = question.characterIds.some((id) => isAbout(turn, id));
    const bySpeaker =
      question.speaker !== null &&
      (turn.speaker?.toLowerCase().split(/\s+/).includes(question.speaker) ?? false);
    const time = fitOf(question.times, turn.timestamp);
    const afterQuestion = before && isQuestion(before.turn) ? (before.words?.own ?? 0) : 0;
    const age = now.getTime() - turn.timestamp.getTime();
    const fused =
      // What took the place of something counts as if it were told in the same words.
      weights.words * (candidate.becameOf === undefined ? (words?.score ?? 0) / best : 1) +
      weights.near * (words?.near ?? 0) +
      weights.meaning * (meaning?.rank ?? 0) +
      weights.own * (likeness?.own[index] ?? 0) +
      weights.around * (likeness?.around[index] ?? 0) +
      (bySpeaker ? weights.speaker : 0) +
      (index < SIDES ? weights.side * sideOf(question, turn) : 0) +
      (index < SIDES && saysAnswer(question.answers, said) ? weights.sayingAnswer : 0) +
      timeWeight * time +
      (question.asksWhen && saysWhen(said) ? weights.sayingWhen : 0) +
      (question.asksHowMany && QUANTITY.test(said) ? weights.sayingHowMany : 0) +
      (question.asksWhere && saysWhere(said) ? weights.sayingWhere : 0) +
      (sharesCharacter ? weights.character : 0) +
      weights.told * (candidate.told ?? 0) +
      (phrase ? weights.phrase : 0) +
      weights.nextSaysIt * (next?.words?.own ?? 0) +
      weights.afterQuestion * afterQuestion +
      (isQuestion(turn) ? weights.question : 0) +
      (signs.get(candidate) ?? 0) +
      (age >= 0 && age < DAY_MS ? weights.recent : 0);
    return {
      fused: Math.max(fused, 0) * (isSilent ? TELLING_NOTHING : 1),
      tellsNothing: isSilent,
      phrase,
      sharesCharacter,
      bySpeaker,
      inTime: time > 0,
      answersQuestion: afterQuestion > 0.3,
      isNewest: newest !== null && candidate === newest,
    };
  });
  if (!newest || outdated.size === 0) return judgements;
  // However much more of the question's words what was so before has.
  const most = Math.max(
    ...judgements.flatMap(({ fused }, at) => (isIn(outdated, candidates[at]) ? fused : [])),
  );
  return judgements.map((each, at) =>
    candidates[at] === newest && each.fused <= most ? { ...each, fused: most + AHEAD } : each,
  );
}

/** Texts are only read where there is something to look for: there are hundreds of them. */
function phraseIn(phrases: readonly string[], turn: PooledTurn): string | null {
  if (phrases.length === 0) return null;
  const query = turn.query.toLowerCase();
  let response: string | null = null;
  for (const run of phrases) {
    if (query.includes(run)) return run;
    response ??= turn.response.toLowerCase();
    if (response.includes(run)) return run;
  }
  return null;
}

const isIn = (set: ReadonlySet<Candidate>, candidate: Candidate | undefined) =>
  candidate !== undefined && set.has(candidate);

/** A turn that asks and that nobody answered within it: it repeats the words of a question and answers nothing. */
function isQuestion({ query, response }: PooledTurn): boolean {
  return response === '' && query.trimEnd().endsWith('?');
}

/**
 * Whether a turn asks without an answer: one that was put to the assistant, or, where people talk and the next turn
 * may be the answer, one that asks the same as the question.
 */
function tellsNothing({ asked }: Question, turn: PooledTurn): boolean {
  // Its profile was the answer.
  if (turn.modelUsed === CHARACTER_DATABASE) return false;
  // There are hundreds of them: what costs least is asked first.
  if (hasAnswer(turn) || !asks(turn.query)) return false;
  if (turn.status !== 'RECORDED') return true;
  const words = wordsOf(turn.query);
  const shared = new Set<string>();
  for (const { term } of words) if (asked.has(term)) shared.add(term);
  if (shared.size === 0 || shared.size < asked.size * SAME_QUESTION) return false;
  // "Tell me where the keys are" asks no more than "Where are the keys?".
  const subject = subjectWordsAmong(words.map(({ word }) => word));
  return words.every(({ word, term }) => asked.has(term) || !subject.has(word));
}

interface Current {
  /** What it adds to a candidate. */
  readonly signs: ReadonlyMap<Candidate, number>;
  readonly newest: Candidate | null;
  /** What was so before, where the newest says that something has changed. */
  readonly before: ReadonlySet<Candidate>;
}

/**
 * What it adds to candidates that they say of the user what is asked as it is now. Of these the newest one that says
 * something has changed counts most, where none does the newest one; what was so before stays behind it.
 */
function currentOf(question: Question, telling: readonly Candidate[]): Current {
  const signs = new Map<Candidate, number>();
  if (!question.asksNow) return { signs, newest: null, before: new Set() };
  const terms = new Set(question.terms);
  const ofMe = telling.filter(
    ({ turn, becameOf, states }) => becameOf !== undefined || states || saysOfMe(turn.query, terms),
  );
  const since = Math.min(...ofMe.map(({ turn }) => turn.timestamp.getTime()));
  // "They raised the rent" is of the user's rent, once they have told of one.
  const ofThat = telling.filter(
    (candidate) =>
      !ofMe.includes(candidate) &&
      candidate.turn.timestamp.getTime() > since &&
      saysItChanged(candidate.turn.query, terms),
  );
  const best = [...ofMe, ...ofThat];
  for (const candidate of best) signs.set(candidate, BY_WORDS.ofMe);
  const changed = best.filter(
    (candidate) =>
      candidate.becameOf !== undefined || ofThat.includes(candidate) || saysChange(candidate.turn.query),
  );
  const [newest] = (changed.length > 0 ? changed : best).toSorted(
    (a, b) => b.turn.timestamp.getTime() - a.turn.timestamp.getTime() || b.turn.sequence - a.turn.sequence,
  );
  if (newest) signs.set(newest, BY_WORDS.ofMe + BY_WORDS.newest);
  const before = new Set(changed.length > 0 ? best.filter((candidate) => candidate !== newest) : []);
  return { signs, newest: newest ?? null, before };
}

/** How much of the question's words the side of the turn says that it asks for, 0 to 1. */
function sideOf({ asksFor, terms }: Question, turn: PooledTurn): number {
  if (!asksFor || turn.response === '') return 0;
  const said = termsOf(asksFor === 'user' ? turn.query : turn.response);
  return terms.filter((term) => said.has(term)).length / Math.max(terms.length, 1);
}
