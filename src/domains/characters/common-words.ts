import { readFileSync } from 'node:fs';
import { foldLetters } from '../../ground/letters.ts';
import { STOP_WORDS } from '../word-index/languages.ts';

/** Names of people that are English words as well, though no very frequent ones; days and months. */
const NAMES_THAT_ARE_WORDS = new Set(
  (
    'lily ivy ruby jade iris violet hazel olive pearl opal daisy poppy heather holly robin raven wren fern basil sage ' +
    'rosemary ginger pepper honey autumn summer dawn eve april may june july august march monday tuesday wednesday ' +
    'thursday friday saturday sunday january february september october november december max min rob bob chuck nick ' +
    'gene jean jack pat penny pierce ray rusty sandy scarlet sunny trip wade ward woody miles lance drew clay cliff ' +
    'dean don earl guy reed rocky rich rock prudence patience constance charity harmony melody verity amity felicity ' +
    'destiny trinity serenity genesis angel blaze ash flint buddy ace duke baron major sky star storm rain river skip'
  ).split(' '),
);
/** A word is common if it is among so many of its language; names of two such words need to be written as names. */
const VERY_COMMON = 1_500;
/** The first of them hold sentences together and are never names. */
const FUNCTION_WORDS = 40;
/** By so many of its words a language is told. */
const TELLING = 150;
/** Words of a text that are looked at. */
const LOOKED_AT = 200;
const LEAST_TELLING = 2;
const MAX_LANGUAGES = 3;
/** A language with so large a share of the best one's words may be it. */
const NEARLY_AS_MANY = 0.8;
const HALF_AS_MANY = 0.5;
/** Names of people that films are full of, and so the lists of languages in which they are no words. */
const PEOPLE = new Set(
  (
    'john jack sam michael charlie tom frank george mike david peter joe james paul harry jimmy henry max alex nick sarah tony ' +
    'johnny bob bill robert walter richard martin thomas brian kevin steve eric kate karl klaus franz philippe michel jacques jean'
  ).split(' '),
);
/** Which language a text of a script is likely to be in. */
const OF_SCRIPTS: readonly (readonly [RegExp, string])[] = [
  [/^\p{Script=Cyrillic}/u, 'russian'],
  [/^\p{Script=Arabic}/u, 'arabic'],
  [/^\p{Script=Devanagari}/u, 'hindi'],
  [/^\p{Script=Hebrew}/u, 'hebrew'],
  [/^\p{Script=Greek}/u, 'greek'],
];
/** A function word that is a name as well. */
const NAMES_TOO = new Set(['will']);

/** Words of languages that are names as well. */
interface NamesAsWords {
  readonly all: ReadonlyMap<string, readonly string[]>;
  /** Those that are counted. */
  readonly things: ReadonlyMap<string, ReadonlySet<string>>;
  /** Those of scripts without spaces. */
  readonly unspaced: ReadonlySet<string>;
}

/** The languages that a word tells of. */
let telling: ReadonlyMap<string, readonly string[]> | null = null;
let names: NamesAsWords | null = null;
/** Of the languages that somebody has written in, the rank of each word: of all forty that would be a tenth of a second of the first turn. */
const ranks = new Map<string, ReadonlyMap<string, number>>();

/** Which languages a text may be in, by the frequent words in it; English where nothing tells. */
export function languagesOf(words: readonly string[]): readonly string[] {
  const counts = countedLanguages(words);
  const best = Math.max(0, ...counts.values());
  if (best < LEAST_TELLING || counts.get('english') === best) return ['english'];
  // Others quote English words, and names of one language are words of the other.
  const english = counts.has('english') ? ['english'] : [];
  counts.delete('english');
  const others = [...counts]
    .filter(([, count]) => count >= best * NEARLY_AS_MANY)
    .sort((a, b) => b[1] - a[1])
    .slice(0, MAX_LANGUAGES)
    .map(([language]) => language);
  return [...others, ...english];
}

/**
 * The same where a short text must do: by a single word, or the script. English is among them only if as much speaks for
 * it, since what a name is depends on the language.
 */
export function likelyLanguagesOf(words: readonly string[]): readonly string[] {
  const counts = countedLanguages(words);
  const best = Math.max(0, ...counts.values());
  const english = counts.get('english') ?? 0;
  if (best >= LEAST_TELLING && best > english) {
    const others = languagesOf(words);
    return english >= best * HALF_AS_MANY ? others : others.filter((language) => language !== 'english');
  }
  const ofScript = OF_SCRIPTS.find(([script]) => words.some((word) => script.test(word)))?.[1];
  if (ofScript) return [ofScript];
  if (best === 0 || english === best) return ['english'];
  return [...[...counts].filter(([, count]) => count === best).map(([language]) => language), 'english'];
}

function countedLanguages(words: readonly string[]): Map<string, number> {
  telling ??= tellingWords();
  const counts = new Map<string, number>();
  for (const word of new Set(words.slice(0, LOOKED_AT)))
    for (const language of telling.get(word) ?? []) counts.set(language, (counts.get(language) ?? 0) + 1);
  return counts;
}

/** Whether a word of one of the languages is something that is counted: "a star", "ein Wolf". */
export function isThing(word: string, languages: readonly string[]): boolean {
  const { things } = namesAsWords();
  return languages.some((language) => things.get(language)?.has(word));
}

/** Whether a word of a script without spaces is an ordinary one, though people are called so. */
export function isUnspacedWord(word: string): boolean {
  return namesAsWords().unspaced.has(word);
}

/** Whether a folded word is an ordinary one in one of the languages. */
export function isCommonWord(word: string, languages: readonly string[]): boolean {
  return languages.some((language) => rankOf(word, language) < Number.POSITIVE_INFINITY);
}

/** Whether it is so frequent that several of them make no name by themselves. */
export function isVeryCommonWord(word: string, languages: readonly string[]): boolean {
  return languages.some((language) => rankOf(word, language) < VERY_COMMON);
}

/** Whether an English word is a name of people as well. */
export function isNameToo(word: string): boolean {
  return NAMES_TOO.has(word) || NAMES_THAT_ARE_WORDS.has(word);
}

/** Whether it only holds sentences together: a pronoun, an article, a conjunction. */
export function isFunctionWord(word: string, languages: readonly string[]): boolean {
  if (languages.includes('english') && STOP_WORDS.has(word)) return !NAMES_TOO.has(word);
  return languages.some((language) => language !== 'english' && rankOf(word, language) < FUNCTION_WORDS);
}

function rankOf(word: string, language: string): number {
  return (ranks.get(language) ?? readRanks(language)).get(word) ?? Number.POSITIVE_INFINITY;
}

function readRanks(language: string): ReadonlyMap<string, number> {
  const words = wordsOf(language, new Map(frequentWords()).get(language) ?? '');
  const made = new Map(words.map((word, rank) => [word, rank]));
  const alsoNames = [
    ...(language === 'english' ? NAMES_THAT_ARE_WORDS : []),
    ...(namesAsWords().all.get(language) ?? []),
  ];
  for (const name of alsoNames) if (!made.has(name)) made.set(name, VERY_COMMON);
  ranks.set(language, made);
  return made;
}

/** @param most of how many of the list, names of people included */
function wordsOf(language: string, list: string, most = Number.POSITIVE_INFINITY): string[] {
  if (list === '') return [];
  const words = list.split(' ', most === Number.POSITIVE_INFINITY ? undefined : most);
  return language === 'english' ? words : words.filter((word) => !PEOPLE.has(word));
}

/** Languages with their words, as the file has them: most frequent first, with spaces between. Read for each: a megabyte, to keep. */
function frequentWords(): [language: string, list: string][] {
  const found: [string, string][] = [];
  for (const line of contentOf('frequent-words.tsv').split('\n')) {
    const [language, list] = line.split('\t');
    if (language && list) found.push([language, list]);
  }
  return found;
}

function namesAsWords(): NamesAsWords {
  names ??= parseNames(contentOf('names-that-are-words.tsv'));
  return names;
}

function contentOf(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8');
}

function tellingWords(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const [language, list] of frequentWords()) {
    const first = wordsOf(language, list, TELLING + PEOPLE.size).slice(0, TELLING);
    // Most words tell of one language, and share it.
    const alone = [language];
    for (const word of new Set(language === 'english' ? [...STOP_WORDS, ...first] : first)) {
      const known = found.get(word);
      found.set(word, known ? [...known, language] : alone);
    }
  }
  return found;
}

const UNSPACED_LANGUAGES = new Set(['chinese', 'japanese', 'korean', 'thai']);

function parseNames(text: string): NamesAsWords {
  const all = new Map<string, string[]>();
  const things = new Map<string, Set<string>>();
  const unspaced = new Set<string>();
  for (const line of text.split('\n')) {
    const [language, kind, list] = line.split('\t');
    if (!language || !list || language.startsWith('#')) continue;
    const words = foldLetters(list).split(' ');
    all.set(language, [...(all.get(language) ?? []), ...words]);
    for (const word of words) {
      if (UNSPACED_LANGUAGES.has(language)) unspaced.add(word);
      if (kind === 'things') things.set(language, (things.get(language) ?? new Set()).add(word));
    }
  }
  return { all, things, unspaced };
}
