import { type Automaton, buildAutomaton } from './aho-corasick.ts';
import { type FoldedText, foldText } from './folding.ts';

export interface MatchableCharacter {
  id: number;
  name: string;
  aliases: readonly string[];
}

export interface CharacterMention {
  characterId: number;
  /** As it stands in the text. */
  matched: string;
  /** UTF-16 offsets into the text; `end` is exclusive. */
  start: number;
  end: number;
}

export interface CharacterMatcher {
  /**
   * The characters that a text names, each once, by its longest name there (the first of equal ones);
   * longest match first, then by position, then by id. Linear in the length of the text; throws nothing.
   */
  find(text: string): CharacterMention[];
}

/**
 * Prepares a search for characters by full name, first name and alias, in any case.
 *
 * A name counts where no letter, digit or mark touches it ("Kai's" yes, "kaiser" no). Scripts that are
 * written without spaces have no such edges, so there a name may touch anything, but two things: Katakana
 * (whose words are its runs: カイ is not in カイロ), and, for a name of one character, its own script (光 is
 * in 光は, not in 光景). A name inside a longer name that matched is not reported; a name that several
 * characters share is reported for each. A first name that is an English word counts only when capitalised.
 * Names without a letter or digit are ignored.
 */
export function buildCharacterMatcher(characters: readonly MatchableCharacter[]): CharacterMatcher {
  const names = collectNames(characters);
  const automaton = buildAutomaton(names.map((name) => name.folded));
  return {
    find(text) {
      const source: Source = { text, ...foldText(text) };
      const hits = withoutContained(findHits(automaton, names, source));
      return mentionsOf(hits, source);
    },
  };
}

interface Name {
  folded: string;
  /** One character in the eyes of a reader, though it may fold to several units. */
  isSingle: boolean;
  owners: Owner[];
}

interface Owner {
  id: number;
  onlyCapitalised: boolean;
}

interface Source extends FoldedText {
  text: string;
}

interface Hit {
  name: Name;
  capitalised: boolean;
  /** Offsets into the folded text. */
  start: number;
  end: number;
}

/** What stands before a name and is none. */
const TITLES = new Set(
  'dr mr mrs ms miss sir lady lord king queen prince princess captain professor prof saint st'.split(' '),
);
const ARTICLES = new Set('the a an el la le les der die das'.split(' '));
/** First names that are English words, too: "will you …", "in may", "mark it". */
const COMMON_WORDS = new Set(
  (
    'will may mark grace hope faith joy rose lily daisy ivy amber ruby pearl jade dawn eve art bill bob chase chance ' +
    'clay cliff dean don drew earl frank gene grant guy hunter iris jack jet joan june april august autumn summer ' +
    'winter king lance max mercy miles olive page pat penny pierce prudence ray reed rich rob robin rocky ' +
    'rusty sage sandy scarlet sky star storm sue sunny trip violet wade ward warren woody angel honey ' +
    'patience constance charity harmony melody justice major reason blue red grey black white gold silver one two ' +
    'so do no on in to an is at it as be by my me we he she her him his our you your they them this that there here ' +
    'and but for not now all any can has had was are new old big little young good great lucky'
  ).split(' '),
);

function collectNames(characters: readonly MatchableCharacter[]): Name[] {
  const names = new Map<string, Name>();
  for (const { id, name, aliases } of characters) {
    for (const full of [name, ...aliases]) addName(names, full, { id, onlyCapitalised: false });
    const first = firstNameOf(name);
    if (first) addName(names, first, { id, onlyCapitalised: COMMON_WORDS.has(first.toLowerCase()) });
  }
  return [...names.values()];
}

function addName(names: Map<string, Name>, written: string, owner: Owner): void {
  const folded = foldText(written).folded.trim();
  if (!/[\p{L}\p{N}]/u.test(folded)) return;
  let name = names.get(folded);
  if (!name) {
    name = { folded, isSingle: [...written.trim().normalize('NFC')].length === 1, owners: [] };
    names.set(folded, name);
  }
  // All names of a character are added together, so an earlier one of it can only be the last.
  const known = name.owners.at(-1);
  if (known?.id !== owner.id) name.owners.push(owner);
  else if (!owner.onlyCapitalised) known.onlyCapitalised = false;
}

/** "Kai" of "Kai Nakamura", "Mei" of "Dr. Mei Tanaka"; nothing of "The Joker", of one word or of one letter. */
function firstNameOf(name: string): string | null {
  const tokens = name.normalize('NFKC').split(/\s+/).filter(Boolean);
  const bare = tokens.map((token) => token.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}\p{M}]+$/gu, ''));
  const first = bare.findIndex((token) => !TITLES.has(token.toLowerCase()));
  const found = bare[first];
  if (tokens.length < 2 || !found || [...found].length < 2 || ARTICLES.has(found.toLowerCase())) return null;
  return found;
}

/** Of the names that end at one place, the longest that stands there as a word of its own. */
function findHits(automaton: Automaton, names: readonly Name[], source: Source): Hit[] {
  const hits: Hit[] = [];
  automaton.scan(source.folded, (pattern, end) => {
    const name = names[pattern];
    if (!name) return 'continue';
    const start = end - name.folded.length;
    if (!hasEdge(source, start - 1, start, name) || !hasEdge(source, end, end - 1, name)) return 'continue';
    const capitalised = /^[\p{Lu}\p{Lt}]/u.test(originalAt(source, start));
    if (!capitalised && name.owners.every((owner) => owner.onlyCapitalised)) return 'continue';
    hits.push({ name, capitalised, start, end });
    return 'next position';
  });
  return hits;
}

const WORD = /^[\p{L}\p{N}\p{M}]/u;
const KATAKANA = /^\p{Script_Extensions=Katakana}/u;
const UNSPACED = [
  /^\p{Script=Han}/u,
  /^\p{Script=Hiragana}/u,
  KATAKANA,
  /^\p{Script=Hangul}/u,
  /^\p{Script=Thai}/u,
  /^\p{Script=Lao}/u,
  /^\p{Script=Khmer}/u,
  /^\p{Script=Myanmar}/u,
];

/** Whether a word may end between the unit `outer`, outside the name, and the unit `inner`, its last or first. */
function hasEdge(source: Source, outer: number, inner: number, name: Name): boolean {
  if (outer < 0 || outer >= source.folded.length) return true;
  // Both in one cluster: the name would end inside "é" or "ß".
  if (source.starts[outer] === source.starts[inner]) return false;
  const outside = originalAt(source, outer).normalize('NFKC');
  const inside = originalAt(source, inner).normalize('NFKC');
  if (!WORD.test(outside) || !WORD.test(inside)) return true;
  const shared = UNSPACED.find((script) => script.test(outside) && script.test(inside));
  if (shared) return !name.isSingle && shared !== KATAKANA;
  return UNSPACED.some((script) => script.test(outside) || script.test(inside));
}

/** The cluster of the original text to which a unit of the folded text belongs. */
function originalAt(source: Source, index: number): string {
  return source.text.slice(source.starts[index], source.ends[index]);
}

/** Drops hits that lie within a longer one; hits of one span are one hit, since names are distinct. */
function withoutContained(hits: readonly Hit[]): Hit[] {
  const kept: Hit[] = [];
  let furthest = -1;
  for (const hit of hits.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (hit.end > furthest) kept.push(hit);
    furthest = Math.max(furthest, hit.end);
  }
  return kept;
}

function mentionsOf(hits: readonly Hit[], source: Source): CharacterMention[] {
  const found = new Map<number, Hit>();
  const seen = new Set<string>();
  for (const hit of hits.toSorted((a, b) => b.end - b.start - (a.end - a.start) || a.start - b.start)) {
    // A name that was seen adds nobody; without this a thousand namesakes are counted at every mention.
    const key = `${hit.capitalised} ${hit.name.folded}`;
    if (seen.has(key)) continue;
    seen.add(key);
    for (const { id, onlyCapitalised } of hit.name.owners) {
      if (!found.has(id) && (hit.capitalised || !onlyCapitalised)) found.set(id, hit);
    }
  }
  return [...found].map(([characterId, hit]) => toMention(characterId, hit, source)).sort(byRank(found));
}

function toMention(characterId: number, hit: Hit, { text, starts, ends }: Source): CharacterMention {
  const start = starts[hit.start] ?? 0;
  const end = ends[hit.end - 1] ?? text.length;
  return { characterId, matched: text.slice(start, end), start, end };
}

function byRank(found: ReadonlyMap<number, Hit>) {
  const lengthOf = (id: number) => found.get(id)?.name.folded.length ?? 0;
  return (a: CharacterMention, b: CharacterMention) =>
    lengthOf(b.characterId) - lengthOf(a.characterId) || a.start - b.start || a.characterId - b.characterId;
}
