import { APOSTROPHES } from '../../ground/letters.ts';
import { isBareThing, isNoun } from './bare-names.ts';
import {
  isCommonWord,
  isFunctionWord,
  isNameToo,
  isUnspacedWord,
  isVeryCommonWord,
  likelyLanguagesOf,
} from './common-words.ts';
import { isAskedFor, isCalled } from './name-frames.ts';
import { isPerson } from './person-frames.ts';
import type { Token } from './tokens.ts';
import { isLetterMeant, isUnspacedMeant } from './unspaced-names.ts';

/** What a name is made of, as far as it decides whether the name may be an ordinary word. */
export interface NameKind {
  /** Its words, folded. */
  readonly words: readonly string[];
  /** One letter of a script without spaces. */
  readonly isOneLetter: boolean;
  /** More of such a script: too long for a word that stands there by chance. */
  readonly isUnspaced: boolean;
  /** Of such a script, and an ordinary word as well: 天空, さくら, มะลิ. */
  readonly isUnspacedWord: boolean;
}

/** Where a name was seen: UTF-16 offsets into the text; `end` is exclusive. */
export interface Sighting {
  readonly start: number;
  readonly end: number;
}

const ARTICLES = new Set(
  'the a an el la los las le les il lo o os as der die das de het een un une'.split(' '),
);

/** What a name is made of. */
export function nameKindOf(tokens: readonly Token[]): NameKind {
  return {
    words: tokens.map(({ folded }) => folded),
    isUnspaced: tokens.some(({ isUnspaced }) => isUnspaced),
    isUnspacedWord: isUnspacedWord(tokens.map(({ folded }) => folded).join('')),
    isOneLetter: tokens.length === 1 && tokens[0]?.isUnspaced === true && [...tokens[0].folded].length === 1,
  };
}

/**
 * Says of names that were seen in a text whether they are meant as names. Most are, in any case ("is kai well"). A
 * name that is an ordinary word of the text's language, alone or behind an article, is meant only where it is written
 * as a name (a capital within a sentence that has others in small letters) or asked for ("who is hope?") or called
 * ("Hi Will!"). A stop word never is; one Latin letter or a number only where it is asked for; one letter of a script
 * without spaces where what stands around it says so (雪さん).
 */
export function whoIsMeant(
  text: string,
  tokens: readonly Token[],
  sightings: readonly Sighting[],
): (kind: NameKind, sighting: Sighting) => boolean {
  let known: Sense | null = null;
  return (kind, sighting) => {
    if (kind.isOneLetter) return isLetterMeant(text, sighting);
    if (kind.isUnspacedWord) return isUnspacedMeant(text, sighting);
    if (kind.isUnspaced) return true;
    known ??= senseOf(text, tokens, sightings);
    return isMeant(known, kind, sighting);
  };
}

interface Sense {
  readonly text: string;
  readonly tokens: readonly Token[];
  /** The token that begins at an offset. */
  readonly places: ReadonlyMap<number, number>;
  readonly languages: readonly string[];
  /** Whether capitals tell names from words here: neither all words have one nor none could. */
  readonly capitalsTell: boolean;
}

function senseOf(text: string, tokens: readonly Token[], sightings: readonly Sighting[]): Sense {
  const places = new Map(tokens.map(({ start }, index) => [start, index]));
  const seen = new Set<Token>();
  for (const { start, end } of sightings)
    for (let at = places.get(start) ?? tokens.length; (tokens[at]?.end ?? end + 1) <= end; at++)
      seen.add(tokens[at] as Token);
  // A name says nothing of the language that it stands in, nor of its capitals.
  const others = tokens.filter((token) => !seen.has(token));
  const within = tokens.filter(
    (token, index) =>
      !seen.has(token) && !beginsSentence(text, tokens, index) && /\p{L}{2}/u.test(token.folded),
  );
  const capital = within.filter((token) => isCapital(text, token)).length;
  return {
    text,
    tokens,
    places,
    languages: likelyLanguagesOf(others.map(({ folded }) => folded)),
    capitalsTell: within.length < 2 || capital < within.length * (2 / 3),
  };
}

function isMeant(sense: Sense, { words }: NameKind, sighting: Sighting): boolean {
  const { languages, text } = sense;
  const bare = words.length > 1 && ARTICLES.has(words[0] ?? '') ? words.slice(1) : words;
  const isSmall = (word: string) => /^\p{N}+$/u.test(word) || /^\p{L}$/u.test(word);
  if (bare.every((word) => isFunctionWord(word, languages) || ARTICLES.has(word)) && !bare.every(isSmall))
    return false;
  if (bare.every((word) => isSmall(word) || isFunctionWord(word, languages)))
    return isAskedFor(text, sighting) && isCapital(text, sighting, true);
  const isWord =
    bare.length === 1
      ? isCommonWord(bare[0] ?? '', languages)
      : bare.every((word) => isVeryCommonWord(word, languages) || isFunctionWord(word, languages));
  const place = bare.length === 1 ? placeOf(sense, sighting, words.length - 1) : null;
  if (!isWord) return words.length > 1 || !place || !isNoun(place);
  return (
    isAskedFor(text, sighting) ||
    isCalled(text, sighting) ||
    isSomebody(sense, sighting) ||
    (place?.hasCapital === true && isBareThing(place)) ||
    isWrittenAsName(sense, words, sighting)
  );
}

/** Of a name of one word: where it stands. @param articles words of the name before it */
function placeOf({ text, tokens, places, languages }: Sense, { start }: Sighting, articles: number) {
  const first = places.get(start);
  const token = tokens[(first ?? 0) + articles];
  if (first === undefined || !token || articles > 0) return null;
  const begins = beginsSentence(text, tokens, first);
  return { text, tokens, at: first, languages, beginsSentence: begins, hasCapital: isCapital(text, token) };
}

/** Whether it is told of as of a person; in scripts with capitals it has one, and no article. */
function isSomebody({ text, tokens, places, languages }: Sense, sighting: Sighting): boolean {
  if (!isCapital(text, sighting, true)) return false;
  const before = tokens[(places.get(sighting.start) ?? 0) - 1];
  // Portuguese puts articles before names as well.
  const isDetermined = before !== undefined && isDeterminer(before.folded, languages);
  if (isDetermined && !(languages.includes('portuguese') && /^[oa]$/.test(before.folded))) return false;
  return isPerson(text, sighting);
}

function isWrittenAsName(sense: Sense, words: readonly string[], sighting: Sighting): boolean {
  const { text, tokens, places, capitalsTell, languages } = sense;
  const first = places.get(sighting.start);
  if (!capitalsTell || first === undefined) return false;
  let last = first;
  while ((tokens[last + 1]?.end ?? Number.POSITIVE_INFINITY) <= sighting.end) last++;
  const named = tokens.slice(first, last + 1);
  // An article may be small; of a name of several words, all that stand within the sentence have capitals.
  const hasArticle = named.length > 1 && ARTICLES.has(words[0] ?? '');
  // Every noun has a capital there.
  if (languages[0] === 'german' && (hasArticle || named.length === 1)) return false;
  const counted = hasArticle ? named.slice(1) : named;
  if (!counted.every((token) => isCapital(text, token) || isFunctionWord(token.folded, languages)))
    return false;
  const possessive = POSSESSIVE.test(text.slice(sighting.end));
  if (counted.length === 1 && !hasArticle && !possessive && beginsSentence(text, tokens, first)) return false;
  const before = tokens[first - 1];
  const after = tokens[last + 1];
  const isBeside = (token: Token | undefined, joint: Token['joint'] | undefined) =>
    token !== undefined && joint === 'space' && isCapital(text, token) && token.folded.length > 1;
  if (before && named[0]?.joint === 'space') {
    if (!hasArticle && isDeterminer(before.folded, languages)) return false;
    // "Bob Hope", "Kill Bill": part of another name.
    const startsSentence = beginsSentence(text, tokens, first - 1);
    const mayBeName = !startsSentence || isNameToo(before.folded) || !isCommonWord(before.folded, languages);
    if (isBeside(before, 'space') && mayBeName && !TITLES.has(before.folded)) return false;
  }
  // "Bank of America", "Mark Twain"
  if (isBeside(after, after?.joint)) return false;
  return !(
    counted.length === 1 && isDate(counted[0]?.folded ?? '', before?.folded ?? '', after?.folded ?? '')
  );
}

const POSSESSIVE = new RegExp(`^[${APOSTROPHES}]s\\b`, 'iu');

const TITLES = new Set(
  'dr mr mrs ms miss sir lady lord captain prof professor uncle aunt frau herr señor senor'.split(' '),
);
const CALENDAR = new Set(
  (
    'january february march april may june july august september october november december ' +
    'monday tuesday wednesday thursday friday saturday sunday spring summer autumn winter'
  ).split(' '),
);
const BESIDE_DATES = new Set(
  (
    'in on by until till since from during before after between of for this next last early late mid every each ' +
    'through is was its and or'
  ).split(' '),
);

/** "in May", "May 5", "May 2024", "April and May": months and days have capitals anyway. */
function isDate(word: string, before: string, after: string): boolean {
  if (!CALENDAR.has(word)) return false;
  return (
    BESIDE_DATES.has(before) || CALENDAR.has(before) || CALENDAR.has(after) || /^\p{N}/u.test(after + before)
  );
}

/** What stands before a thing and not before a name. */
const DETERMINERS: Readonly<Record<string, ReadonlySet<string>>> = Object.fromEntries(
  Object.entries({
    english: 'the a an my your his our their its these those some any no every each another what which',
    german:
      'der die das den dem des ein eine einen einem einer eines mein meine meinen meinem meiner dein deine deinen deinem ' +
      'deiner sein seine seinen seinem seiner ihr ihre ihren ihrem ihrer unser unsere kein keine keinen zur zum im am beim vom ins ans',
    french:
      'le la les un une des du au aux mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs ce cet cette ces l d',
    spanish: 'el la los las un una unos unas mi mis tu tus su sus del al este ese esa',
    italian:
      'il lo la i gli le un uno una del della dei degli delle al alla nel nella mio mia tuo tua suo sua',
    portuguese: 'o a os as um uma do da dos das no na meu minha seu sua',
    dutch: 'de het een mijn jouw zijn haar ons onze',
    swedish: 'en ett den det min din sin',
    danish: 'en et den det min din sin',
    norwegian: 'en et den det min din sin',
  }).map(([language, words]) => [language, new Set(words.split(' '))]),
);

function isDeterminer(word: string, languages: readonly string[]): boolean {
  return languages.some((language) => DETERMINERS[language]?.has(word));
}

/** Whether what stands there begins with a capital. @param orHasNone a number has none, and needs none */
function isCapital(text: string, { start, end }: Sighting, orHasNone = false): boolean {
  const written = text.slice(start, end);
  return /^[\p{Lu}\p{Lt}]/u.test(written) || (orHasNone && !/\p{Ll}/u.test(written));
}

const ENDS_SENTENCE = /[.!?…。！？:;¿¡؟؛।\n"“”«»„(–—•]/u;

function beginsSentence(text: string, tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1];
  const token = tokens[index];
  if (!before || !token) return true;
  return token.joint === 'break' && ENDS_SENTENCE.test(text.slice(before.end, token.start));
}
