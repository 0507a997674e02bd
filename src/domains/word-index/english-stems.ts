/**
 * The stems of English words, as Martin Porter's Snowball makes them ("Porter2"): of several forms of a word the same, though seldom
 * a word itself. Steps have the numbers of https://snowballstem.org/algorithms/english/stemmer.html.
 */

/** "add", "egg" and "off" end with theirs. */
const DOUBLES = /(?<!^[aeo])(?:bb|dd|ff|gg|mm|nn|pp|rr|tt)$/;
const LI_ENDING = /[cdeghkmnrt]$/;
/** Beginnings after which a word's endings begin, though a vowel comes earlier. */
const FIRST_PARTS = /^(?:gener|commun|arsen)/;
const R1 = /^.*?[aeiouy][^aeiouy]/;
const SHORT_SYLLABLE = /(?:[^aeiouy][aeiouy][^aeiouywxY]|^[aeiouy][^aeiouy])$/;
const HAS_VOWEL = /[aeiouy]/;
/** Words whose forms follow no rule, and those whose endings are none. */
const EXCEPTIONS = new Map(
  (
    'skis:ski skies:sky dying:die lying:lie tying:tie idly:idl gently:gentl ugly:ugli early:earli only:onli singly:singl ' +
    'sky:sky news:news howe:howe atlas:atlas cosmos:cosmos bias:bias andes:andes'
  )
    .split(' ')
    .map((pair) => pair.split(':') as [string, string]),
);
const WHOLE = new Set('inning outing canning herring earring proceed exceed succeed'.split(' '));

/** Endings, the longest that fits first, and what takes their place. */
type Endings = readonly (readonly [ending: string, instead: string])[];

const endingsOf = (written: string): Endings =>
  written
    .split(' ')
    .map((pair) => pair.split(':') as [string, string])
    .sort(([a], [b]) => b.length - a.length);

const STEP_2 = endingsOf(
  'tional:tion enci:ence anci:ance abli:able entli:ent izer:ize ization:ize ational:ate ation:ate ator:ate alism:al aliti:al ' +
    'alli:al fulness:ful ousli:ous ousness:ous iveness:ive iviti:ive biliti:ble bli:ble ogi:og fulli:ful lessli:less li:',
);
const STEP_3 = endingsOf('tional:tion ational:ate alize:al icate:ic iciti:ic ical:ic ful: ness: ative:');
const STEP_4 = endingsOf(
  'al: ance: ence: er: ic: able: ible: ant: ement: ment: ent: ism: ate: iti: ous: ive: ize: ion:',
);

/** The stem of a word in small letters without apostrophes. */
export function englishStem(written: string): string {
  if (written.length <= 2) return written;
  const exception = EXCEPTIONS.get(written);
  if (exception !== undefined) return exception;
  // A y that is a consonant is a letter of its own.
  let word = written.replace(/^y|(?<=[aeiouy])y/g, 'Y');
  const r1 = firstRegion(word);
  const r2 = r1 + (R1.exec(word.slice(r1))?.[0].length ?? word.length - r1);
  word = withoutPlural(word);
  if (WHOLE.has(word)) return word;
  word = withoutVerbEnding(word, r1).replace(/(?<=.[^aeiouy])[yY]$/, 'i');
  word = replaced(word, STEP_2, r1, isStep2);
  word = replaced(word, STEP_3, r1, (_, ending, at) => ending !== 'ative' || at >= r2);
  word = replaced(word, STEP_4, r2, (rest, ending) => ending !== 'ion' || /[st]$/.test(rest));
  return withoutLastLetter(word, r1, r2).replaceAll('Y', 'y');
}

/** Where R1 begins: behind the first consonant that follows a vowel. */
function firstRegion(word: string): number {
  return (FIRST_PARTS.exec(word) ?? R1.exec(word))?.[0].length ?? word.length;
}

/** Step 1a. */
function withoutPlural(word: string): string {
  if (word.endsWith('sses')) return word.slice(0, -2);
  if (word.endsWith('ies') || word.endsWith('ied')) return word.slice(0, word.length > 4 ? -2 : -1);
  if (!word.endsWith('s') || word.endsWith('us') || word.endsWith('ss')) return word;
  return HAS_VOWEL.test(word.slice(0, -2)) ? word.slice(0, -1) : word;
}

/** Step 1b. */
function withoutVerbEnding(word: string, r1: number): string {
  const [ending] = /(?:eed|eedly|ed|edly|ing|ingly)$/.exec(word) ?? [];
  if (ending === undefined) return word;
  const rest = word.slice(0, -ending.length);
  if (ending.startsWith('ee')) return rest.length >= r1 ? `${rest}ee` : word;
  if (!HAS_VOWEL.test(rest)) return word;
  if (/(?:at|bl|iz)$/.test(rest)) return `${rest}e`;
  if (DOUBLES.test(rest)) return rest.slice(0, -1);
  return rest.length <= r1 && SHORT_SYLLABLE.test(rest) ? `${rest}e` : rest;
}

/** Takes the longest ending off that fits, if it lies in its region and may go. */
function replaced(
  word: string,
  endings: Endings,
  region: number,
  mayGo: (rest: string, ending: string, at: number) => boolean,
): string {
  for (const [ending, instead] of endings) {
    if (!word.endsWith(ending)) continue;
    const at = word.length - ending.length;
    const rest = word.slice(0, at);
    return at >= region && mayGo(rest, ending, at) ? rest + instead : word;
  }
  return word;
}

function isStep2(rest: string, ending: string): boolean {
  if (ending === 'ogi') return rest.endsWith('l');
  return ending !== 'li' || LI_ENDING.test(rest);
}

/** Step 5. */
function withoutLastLetter(word: string, r1: number, r2: number): string {
  const at = word.length - 1;
  const rest = word.slice(0, at);
  if (word.endsWith('e')) return at >= r2 || (at >= r1 && !SHORT_SYLLABLE.test(rest)) ? rest : word;
  return word.endsWith('ll') && at >= r2 ? rest : word;
}
