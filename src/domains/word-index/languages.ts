import { stemmer as arabic } from '@orama/stemmers/arabic';
import { stemmer as greek } from '@orama/stemmers/greek';
import { stemmer as indian } from '@orama/stemmers/indian';
import { stemmer as russian } from '@orama/stemmers/russian';
import { englishTerm } from './english.ts';

/**
 * English words that carry no meaning of their own: function words, and what people say to each other in passing.
 * Other languages have no list here; their frequent words weigh little because they are frequent.
 */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a about above after again against all also am an and any are as at be because been before being below between ' +
    'both but by can cannot cant could did didnt do does doing done dont down during each few for from further get ' +
    'go goes going gone got had has have having he her here hers herself hey hi him himself his how i if im in into ' +
    'is isnt it its itself ive just ll m many me might more most much must my myself no nor not now of off oh ok okay on once only or ' +
    'other our ours ourselves out over own re really s same shall she should so some such t than that thats the their ' +
    'arent couldnt doesnt hadnt hasnt havent mightnt mustnt neednt shouldnt wasnt werent wouldnt aint itll hes shes whats whos ' +
    'wheres hows heres theres youre youve youll youd theyre theyve theyll theyd weve ' +
    'theirs them themselves then there these they this those through to too under until up us ve very was we went were ' +
    'what when where which while who whom why will with wont would wow yeah you your yours yourself yourselves'
  ).split(' '),
);

const SCRIPTS: readonly (readonly [RegExp, (word: string) => string])[] = [
  [/^\p{Script=Latin}/u, englishTerm],
  [/^\p{Script=Cyrillic}/u, russian],
  // The article is written together with its noun, and with what stands before it.
  [/^\p{Script=Arabic}/u, (word) => arabic(word.replace(/^(?:[وفبك]?ال|لل)(?=.{3})/u, ''))],
  [/^\p{Script=Greek}/u, greek],
  [/^\p{Script=Devanagari}/u, indian],
];

/**
 * The stem of a lower-case word, by the language that is most written in its script. That is wrong for many a
 * language, but wrong in the same way for a text and for a question about it.
 */
export function stemOf(word: string): string {
  if (/^[a-z]/.test(word)) return englishTerm(word) || word;
  const stem = SCRIPTS.find(([script]) => script.test(word))?.[1];
  return (stem?.(word) ?? word) || word;
}
