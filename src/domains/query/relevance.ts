import { isCommonWord, isFunctionWord, languagesOf } from '../characters/common-words.ts';
import { askedOfFacts } from '../memory/fact-words.ts';
import type { MemoryHit } from '../memory/hits.ts';
import { isFrameWord } from '../utterances/frames.ts';
import { withoutPleasantries } from '../utterances/pleasantries.ts';
import { isModelsWord, isUnanswered, recalled } from '../utterances/recalled.ts';
import { analyseInSteps, partsOf, type TermsInSteps, wordsOf } from '../word-index/analysis.ts';

const COMMON_WEIGHT = 0.4;
/** Of what a question is about, a memory must share so much of the weight, or so much at all where much is asked. */
const LEAST_SHARE = 0.3;
const ENOUGH = 2;
/** The same of turns beside each other together: what one lacks is in the other by chance more often. */
const SHARE_TOGETHER = 0.45;
/** Less than a rare word or two common ones says little: "year" and "days" are in many turns that tell of neither. */
const LEAST_WEIGHT = 0.8;
const SHARE_OF_LITTLE = 0.6;
/** The same of a question about oneself: half of "what book did I finish" is enough for what somebody told of themselves. */
const SHARE_OF_LITTLE_OF_ONESELF = 0.5;
/** A turn that shares nothing itself may be the other half of the one beside it, if it fares about as well. */
const REACH = 1;
const NEIGHBOUR_FLOOR = 0.5;
/** Beside the best memory, one with less than this of its score only fills the page. */
const RELATIVE_FLOOR = 0.25;
const HIRAGANA_ONLY = /^\p{Script=Hiragana}+$/u;

/** A word that a question is about. */
interface SubjectWord {
  readonly weight: number;
  /** What says it: its term, or one of those of the parts of a long word. */
  readonly terms: readonly string[];
}

/** The words that a question is about, the rare ones with more weight; none for a mere "thanks". */
function subjectOf(query: string): readonly SubjectWord[] {
  const words = wordsOf(withoutPleasantries(query));
  const languages = languagesOf(words.map(({ word }) => word));
  const subject = new Map<string, SubjectWord>();
  for (const { word, term } of words) {
    if (isFrameWord(word) || HIRAGANA_ONLY.test(word) || isFunctionWord(word, languages)) continue;
    const parts = /^\p{Script=Latin}+$/u.test(word) ? partsOf(word) : [];
    subject.set(term, {
      weight: isCommonWord(word, languages) ? COMMON_WEIGHT : 1,
      terms: [term, ...parts],
    });
  }
  return [...subject.values()];
}

/**
 * Those of the found memories that speak to a question: that share what it is about, in what they tell themselves or
 * in what was told around them, that mean something similar, are about its character, or of the time that it names.
 * Questions that got no answer tell nothing, whatever words they share. What a model once answered comes behind what
 * people said.
 *
 * @param found best first, more than are wanted
 * @param today when the user's day began
 * @param asksForPast it asks for what was said before; where it names nothing else, the latest turns are an answer
 */
export function relevantMemories(
  query: string,
  found: readonly MemoryHit[],
  { asksForPast, today, limit }: { asksForPast: boolean; today: Date; limit: number },
): MemoryHit[] {
  const subject = subjectOf(query);
  let ofOneself: number | null = null;
  // Of most questions nobody wants to know.
  const little = () =>
    (ofOneself ??= askedOfFacts(query)?.isOfOwner ? SHARE_OF_LITTLE_OF_ONESELF : SHARE_OF_LITTLE);
  const telling = found.filter(({ interaction }) => !isUnanswered(interaction));
  const best = Math.max(0, ...telling.map(({ score }) => score));
  // Most hits need none, and to read a whole turn takes longer than all else here.
  const read = new Map<MemoryHit, TermsInSteps>();
  const termsIn = (hit: MemoryHit) => {
    const known = read.get(hit) ?? termsOf(hit);
    read.set(hit, known);
    return known;
  };
  const speaks = (hit: MemoryHit): boolean => {
    // Turns of today are of the time that "today" names, whatever they are about.
    const isOfThatTime = hit.inTime && (asksForPast || hit.interaction.timestamp < today);
    if (hit.isSimilar || isOfThatTime || hit.tellsWhatBecame) return true;
    if (hit.tier === 'RECENT') return asksForPast && subject.length === 0;
    if (hit.tier !== 'KEYWORDS' && hit.tier !== 'PHRASE') return true;
    if (sharesEnough(subject, [termsIn(hit).terms], little)) return true;
    const shared = [termsIn(hit).terms, termsIn(hit).parts()];
    if (sharesEnough(subject, shared, little)) return true;
    if (hit.score < best * NEIGHBOUR_FLOOR) return false;
    for (const other of telling)
      if (isBeside(hit, other)) shared.push(termsIn(other).terms, termsIn(other).parts());
    return sharesEnough(subject, shared, () => SHARE_OF_LITTLE, SHARE_TOGETHER);
  };
  const ofModels = new Set<MemoryHit>();
  const wanted: MemoryHit[] = [];
  let most = 0;
  let ofPeople = 0;
  for (const hit of telling) {
    // Enough of what people said stands already, and none that is better comes.
    if (most === best && ofPeople === limit) break;
    // What only asks the same again tells nothing, but the turn beside it may be its answer.
    if (hit.tellsNothing || hit.score < most * RELATIVE_FLOOR || !speaks(hit)) continue;
    wanted.push(hit);
    most = Math.max(most, hit.score);
    if (isModelsWord(hit.interaction)) ofModels.add(hit);
    else if (hit.score >= best * RELATIVE_FLOOR) ofPeople++;
  }
  const strong = wanted.filter(({ score }) => score >= most * RELATIVE_FLOOR);
  return [...strong.filter((hit) => !ofModels.has(hit)), ...strong.filter((hit) => ofModels.has(hit))].slice(
    0,
    limit,
  );
}

/** What a turn tells, and who tells it: names of speakers are asked for, too. */
function termsOf({ interaction }: MemoryHit): TermsInSteps {
  const { query, response } = recalled(interaction);
  return analyseInSteps(
    [interaction.speaker, interaction.responder, query, response].filter(Boolean).join('\n'),
  );
}

function isBeside({ interaction: a }: MemoryHit, { interaction: b }: MemoryHit): boolean {
  return a.conversationId === b.conversationId && Math.abs(a.sequence - b.sequence) <= REACH;
}

function sharesEnough(
  subject: readonly SubjectWord[],
  shared: readonly ReadonlySet<string>[],
  little: () => number,
  least = LEAST_SHARE,
): boolean {
  let all = 0;
  let common = 0;
  for (const { weight, terms } of subject) {
    all += weight;
    if (terms.some((term) => shared.some((known) => known.has(term)))) common += weight;
  }
  if (common >= ENOUGH) return true;
  const share = all === 0 ? 0 : common / all;
  if (common >= LEAST_WEIGHT) return share >= least;
  return share >= SHARE_OF_LITTLE || (share >= SHARE_OF_LITTLE_OF_ONESELF && share >= little());
}
