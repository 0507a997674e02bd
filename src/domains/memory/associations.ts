import { foldLetters } from '../../ground/letters.ts';
import { asksFor } from '../facts/asked.ts';
import type { FactRow } from '../facts/tables.ts';
import { OWNER } from '../facts/terms.ts';
import { wordsOf } from '../word-index/analysis.ts';

/** Names that are looked for beside the words of a question. */
const MAX_NAMES = 4;
/** Of several that a word may mean ("my children"), those that are asked about. */
const MAX_MEANT = 3;
/** How far a question is read for what is somebody's. */
const MAX_LENGTH = 1_000;
/** What facts know that goes into the words of a search. */
export const ASSOCIATION_PARAMETERS = { MAX_NAMES, MAX_MEANT, MAX_LENGTH };
/**
 * "my older sister", "meine Schwester", "mi hermana", "мою сестру". Whom "my sister-in-law", "my sister's husband", "my former wife" and
 * "not my sister" are, is not said by who the sister is, or the wife.
 */
const POSSESSED =
  /(?<!\p{L})(?<!(?<!\p{L})(?:not|nicht|pas|no|non|não|niet|nie|не)\s+)(?:my|our|mein(?:e[mnrs]?)?|unser(?:e[mnrs]?)?|mon|ma|mes|notre|nos|mi|mis|nuestr[oa]s?|m[ií][oa]s?|miei|mie|meus?|minhas?|nosso|nossa|mijn|onze|m[oó]j\p{L}{0,2}|мо[йяеёиюе]\p{L}{0,3})\s+(?:(?:own|older|oldest|elder|eldest|big|little|young|younger|youngest|twin|dear|current)\s+){0,2}(\p{L}{2,40})(?![\p{L}\p{N}]|['’\-‐‑]\p{L})/giu;
const NAME = /(?<![\p{L}\p{N}])\p{Lu}[\p{L}\p{M}\p{N}]*(?:['’-]\p{L}+)*/gu;

/** A question, with the names of what it calls by what it is to whoever asks. */
export interface ByNames {
  /** None where nobody knows any. */
  readonly names: readonly string[];
  /** With the names in the place of such words: "Where does Petra live?"; of several that are meant, one for each. */
  readonly questions: readonly string[];
}

/**
 * "Where does my sister live?" speaks of Petra, where that is known, and turns and facts about her call her so. By facts of the owner
 * that hold, and only of what the question says is theirs.
 *
 * @param facts that share a word with the question
 */
export function byNames(question: string, facts: readonly FactRow[]): ByNames {
  const own = facts.filter(
    ({ subject, negated, status }) => subject.toLowerCase() === OWNER && !negated && status === 'ACTIVE',
  );
  const read = question.slice(0, MAX_LENGTH);
  const said = new Set(namesIn(read).map(foldLetters));
  /** Names of each that is called so. */
  const called = (word: string) => {
    const of = wordsOf(foldLetters(word));
    return own
      .filter((fact) => of.some((each) => isWhat(each, fact)))
      .map(({ object }) => namesIn(object).filter((name) => !said.has(foldLetters(name))))
      .filter((names) => names.length > 0)
      .slice(0, MAX_MEANT);
  };
  const groups = [...read.matchAll(POSSESSED)].map(([, word = '']) => called(word));
  const most = Math.max(0, ...groups.map(({ length }) => length));
  const questions = Array.from({ length: most }, (_, at) => {
    const left = [...groups];
    return (
      read.replace(POSSESSED, (whole) => {
        const group = left.shift() ?? [];
        return (group[at] ?? group[0])?.join(' ') ?? whole;
      }) + question.slice(MAX_LENGTH)
    );
  });
  return { names: [...new Set(groups.flat(2))].slice(0, MAX_NAMES), questions };
}

/** Whether a fact says who or what it is that is called so: by its predicate, or, of a dog or a car, by its kind. */
function isWhat({ word, term }: { readonly word: string; readonly term: string }, fact: FactRow): boolean {
  const { predicate, object, category } = fact;
  if (asksFor(term, fact) || predicate.split('_').includes(word)) return true;
  return category === 'POSSESSION' && wordsOf(object).some((each) => each.term === term);
}

function namesIn(text: string): string[] {
  return [...text.matchAll(NAME)].map(([name]) => name);
}
