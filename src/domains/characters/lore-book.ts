import { buildAutomaton, finish } from './aho-corasick.ts';
import type { LoreBook, LoreEntry } from './lore.ts';
import { compilePattern, isPattern, type Pattern } from './lore-pattern.ts';

/** A book in the form in which its keys are found. */
export interface CompiledBook extends LoreBook {
  /** By the entry's index: the keys that a text has. @param until when patterns are no longer searched for, in milliseconds of `performance.now` */
  keysIn(text: string, until: number): ReadonlyMap<number, KeysFound>;
}

export interface KeysFound {
  readonly keys: readonly string[];
  readonly secondaryKeys: readonly string[];
}

/** What an entry is found by. */
interface Key {
  readonly entry: LoreEntry;
  readonly text: string;
  readonly isSecondary: boolean;
}

const WORD = /[\p{L}\p{N}\p{M}_]/u;
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** Makes the keys of a book findable: all words in one pass over a text, patterns one after the other. */
export function compileBook(book: LoreBook): CompiledBook {
  const keys = book.entries
    .filter(({ enabled }) => enabled)
    .flatMap((entry) => [
      ...entry.keys.map((text) => ({ entry, text, isSecondary: false })),
      ...entry.secondaryKeys.map((text) => ({ entry, text, isSecondary: true })),
    ]);
  const isRegex = ({ entry, text }: Key) => entry.useRegex || isPattern(text);
  const patterns = keys.filter(isRegex);
  const wordsOf = new Map<string, Key[]>();
  for (const key of keys.filter((each) => !isRegex(each))) {
    const folded = foldCase(key.text);
    const same = wordsOf.get(folded);
    if (same) same.push(key);
    else wordsOf.set(folded, [key]);
  }
  const words = [...wordsOf.values()];
  const automaton = finish(buildAutomaton([...wordsOf.keys()].map(symbolsOf)));
  // When they are first needed: of many books few are.
  const compiled = new Map<Key, Pattern>();
  return {
    ...book,
    keysIn: (text, until) => {
      const found = new Map<number, { keys: string[]; secondaryKeys: string[] }>();
      const add = ({ entry, text: key, isSecondary }: Key) => {
        const known = found.get(entry.index) ?? { keys: [], secondaryKeys: [] };
        const list = isSecondary ? known.secondaryKeys : known.keys;
        if (!list.includes(key)) list.push(key);
        found.set(entry.index, known);
      };
      // Many entries share a word, and it is said more than once.
      const isDone = new Set<number>();
      automaton.scan(symbolsOf(foldCase(text)), (number, end) => {
        const sharing = words[number];
        if (!sharing || isDone.has(number)) return 'continue';
        const length = sharing[0]?.text.length ?? 0;
        const isWhole = isWord(text, end - length, end);
        const meant = sharing.filter((key) => isMeant(key, text.slice(end - length, end), isWhole));
        for (const key of meant) add(key);
        if (meant.length === sharing.length) isDone.add(number);
        return 'continue';
      });
      for (const key of patterns) {
        if (performance.now() > until) break;
        const pattern = compiled.get(key) ?? compilePattern(key.text, key.entry.caseSensitive);
        compiled.set(key, pattern);
        if ('isIn' in pattern && pattern.isIn(text)) add(key);
      }
      return found;
    },
  };
}

/** Whether it is what an entry means: in its case, and a word of its own, where the entry asks for that. */
function isMeant({ entry, text }: Key, said: string, isWhole: boolean): boolean {
  return (isWhole || !entry.wholeWords) && (!entry.caseSensitive || said === text);
}

/** Whether no word goes on over either end of a part of a text. */
function isWord(text: string, start: number, end: number): boolean {
  const goesOn = (before: string, behind: string) =>
    WORD.test(before) && WORD.test(behind) && !UNSPACED.test(before) && !UNSPACED.test(behind);
  const said = text.slice(start, end);
  return (
    !goesOn(lastOf(text.slice(Math.max(0, start - 2), start)), firstOf(said)) &&
    !goesOn(lastOf(said), firstOf(text.slice(end, end + 2)))
  );
}

const firstOf = (text: string): string => (text === '' ? '' : String.fromCodePoint(text.codePointAt(0) ?? 0));
const lastOf = (text: string): string => Array.from(text.slice(-2)).at(-1) ?? '';

/** In lower case, each unit at its place: what would become longer stays. */
function foldCase(text: string): string {
  const lower = text.toLowerCase();
  if (lower.length === text.length) return lower;
  return Array.from(text, (each) =>
    each.toLowerCase().length === each.length ? each.toLowerCase() : each,
  ).join('');
}

function symbolsOf(text: string): number[] {
  const symbols = new Array<number>(text.length);
  // From 1 on.
  for (let index = 0; index < text.length; index++) symbols[index] = text.charCodeAt(index) + 1;
  return symbols;
}
