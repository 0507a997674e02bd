import { foldLetters } from '../../ground/letters.ts';
import { isCommonWord, languagesOf } from '../characters/common-words.ts';
import { asksFor, predicatesAskedBy } from '../facts/asked.ts';
import type { FactRow } from '../facts/tables.ts';
import { OWNER, predicateTerm } from '../facts/terms.ts';
import { subjectWordsAmong } from '../utterances/frames.ts';
import { withoutPleasantries } from '../utterances/pleasantries.ts';
import { partsOf, wordsOf } from '../word-index/analysis.ts';
import { asksExpresslyNow, saysFirstPerson } from './current.ts';

const COMMON_WEIGHT = 0.4;
/** Words of a question that are looked at; a pasted text asks for no fact. */
const MAX_WORDS = 60;
/** What words of a question count for facts. */
export const FACT_WORD_PARAMETERS = { COMMON_WEIGHT, MAX_WORDS };
const ME =
  /(?<!\p{L})(?:i|me|my|mine|myself|we|us|our|ours|ich|mich|mir|mein\p{L}{0,2}|wir|uns|unser\p{L}{0,2}|je|j|moi|mon|ma|mes|nous|notre|nos|yo|mi|mis|mio|mia|conmigo|nosotros|nuestr[oa]s?|io|mie|miei|noi|nostr[oaie]|eu|meu|minha|meus|minhas|nosso|nossa|ik|mij|mijn|onze|ja|moj\p{L}{0,2}|mnie|я|мне|меня|мой|моя|моё|мое|мои|моего|моей)(?!\p{L})|私|僕|俺|わたし|我|나는|내|제/u;
const MINE = /(?<!\p{L})(?:my|mine|our|ours)(?!\p{L})/u;
/** Asks for instructions, which nobody's facts hold: "How do I boil an egg?" */
const HOW_TO =
  /^(?:[\p{L} ]{0,20}, *)?(?:how (?:do|can|should|would|could|might|to|does one|must|shall) ?|what(?:'s| is) the (?:best |right |easiest |fastest )?way )(?:i|we|you|one|somebody|someone|to)?(?!\p{L})/u;

/** A word that a question is about. */
interface AskedWord {
  readonly word: string;
  /** Terms of which one must be in a fact, for it to share the word. */
  readonly terms: readonly string[];
  readonly weight: number;
}

/** What a text asks of facts. */
export interface AskedOfFacts {
  readonly words: readonly AskedWord[];
  /** All by which facts are looked up. */
  readonly terms: readonly string[];
  /** Terms of all its words, names among them. */
  readonly named: ReadonlySet<string>;
  /** Whether it is about the one who asks. */
  readonly isOfOwner: boolean;
}

/** Reads what a text asks of facts; null where no fact could be an answer. */
export function askedOfFacts(text: string): AskedOfFacts | null {
  const all = wordsOf(withoutPleasantries(text)).filter(({ word }) => !asksExpresslyNow(word));
  if (all.length === 0 || all.length > MAX_WORDS) return null;
  const subject = subjectWordsAmong(all.map(({ word }) => word));
  // "What is my name?" has no word but that of the question itself.
  const isAbout = ({ word, term }: { word: string; term: string }) =>
    subject.size > 0 ? subject.has(foldLetters(word)) : predicatesAskedBy(term).length > 0;
  const languages = languagesOf(all.map(({ word }) => word));
  const words = new Map<string, AskedWord>();
  for (const found of all.filter(isAbout)) {
    const { word, term } = found;
    const parts = /^\p{Script=Latin}+$/u.test(word) ? partsOf(word) : [];
    words.set(term, {
      word,
      terms: [term, ...parts],
      weight: isCommonWord(word, languages) ? COMMON_WEIGHT : 1,
    });
  }
  if (words.size === 0) return null;
  const folded = foldLetters(text).replaceAll('’', "'").trim();
  const isHowTo = HOW_TO.test(folded) && !MINE.test(folded);
  const predicates = [...words.keys()].flatMap((term) => predicatesAskedBy(term));
  return {
    words: [...words.values()],
    terms: [
      ...new Set([...[...words.values()].flatMap(({ terms }) => terms), ...predicates.map(predicateTerm)]),
    ],
    named: new Set(all.map(({ term }) => term)),
    isOfOwner: !isHowTo && (ME.test(folded) || saysFirstPerson(all.map(({ word }) => foldLetters(word)))),
  };
}

/** How much of a question a fact speaks of: the words that both have, and the part of all of its weight. */
export function sharedWith(
  asked: AskedOfFacts,
  fact: FactRow,
): { readonly words: readonly string[]; readonly weight: number; readonly share: number } {
  const terms = new Set(fact.searchTerms);
  const shared = asked.words.filter(
    ({ terms: either }) =>
      either.some((term) => terms.has(term)) || either.some((term) => asksFor(term, fact)),
  );
  const sum = (words: readonly AskedWord[]) => words.reduce((total, { weight }) => total + weight, 0);
  return {
    words: shared.map(({ word }) => word),
    weight: sum(shared),
    share: sum(shared) / sum(asked.words),
  };
}

/** Whether a question is about the one whom a fact is about: the one who asks, or somebody whom it names. */
export function isOfSubject(asked: AskedOfFacts, { subject }: Pick<FactRow, 'subject'>): boolean {
  if (subject.toLowerCase() === OWNER) return asked.isOfOwner;
  const names = wordsOf(subject);
  return names.length > 0 && names.every(({ term }) => asked.named.has(term));
}
