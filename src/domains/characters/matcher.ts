import { setImmediate as turnOfOthers } from 'node:timers/promises';
import { type Automaton, buildAutomaton, finish } from './aho-corasick.ts';
import { type NameKind, nameKindOf, type Sighting, whoIsMeant } from './name-sense.ts';
import { joinedTokens, type Token, tokensOf, writtenOutTokens } from './tokens.ts';

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
 * Prepares a search for characters by full name, first name and alias, whatever the case, accents and punctuation
 * ("R2-D2" is found as "r2d2", "Élodie" as "elodie", "Jürgen" as "juergen").
 *
 * A name counts where no letter or digit touches it ("Kai's" yes, "kaiser" no). Scripts that are written without
 * spaces have no such edges, so there a name may touch anything, but Katakana, whose words are its runs: カイ is not
 * in カイロ. A name inside a longer name that matched is not reported; a name that several characters share is
 * reported for each. Names that are words count only where they are meant as names, see `name-sense.ts`. Names without
 * a letter or digit are ignored.
 */
export function buildCharacterMatcher(characters: readonly MatchableCharacter[]): CharacterMatcher {
  return finish(building(characters));
}

/** The same, a few milliseconds at a time, so that a long list keeps nobody waiting. */
export async function buildCharacterMatcherGently(
  characters: readonly MatchableCharacter[],
): Promise<CharacterMatcher> {
  const steps = building(characters);
  for (let began = performance.now(); ; ) {
    const { done, value } = steps.next();
    if (done) return value;
    if (performance.now() - began < SLICE_MS) continue;
    await turnOfOthers();
    began = performance.now();
  }
}

const SLICE_MS = 4;
const NAMES_BETWEEN_YIELDS = 64;

interface Name {
  /** What its tokens are in the automaton. */
  symbols: readonly number[];
  kind: NameKind;
  owners: number[];
}

interface Hit {
  name: Name;
  sighting: Sighting;
}

function* building(characters: readonly MatchableCharacter[]): Generator<void, CharacterMatcher> {
  const symbols = new Map<string, number>([[BREAK, 1]]);
  const names = new Map<string, Name>();
  let added = 0;
  for (const { id, name, aliases } of characters) {
    const first = firstNameOf(name);
    for (const written of [name, ...aliases, ...(first ? [first] : [])]) {
      addName(names, symbols, written, id);
      if (++added % NAMES_BETWEEN_YIELDS === 0) yield;
    }
  }
  const all = [...names.values()];
  const automaton = yield* buildAutomaton(all.map((name) => name.symbols));
  return {
    find(text) {
      if (all.length === 0) return [];
      const tokens = tokensOf(text);
      const hits = findHits(automaton, all, symbols, tokens);
      const joined = joinedTokens(text, tokens);
      for (const others of [joined, writtenOutTokens(text, tokens)])
        if (others) hits.push(...findHits(automaton, all, symbols, others));
      if (hits.length === 0) return [];
      const isMeant = whoIsMeant(
        text,
        tokens,
        hits.map(({ sighting }) => sighting),
      );
      const meant = hits.filter(({ name, sighting }) => isMeant(name.kind, sighting));
      return mentionsOf(withoutContained(meant), text);
    },
  };
}

/** What stands before a name and is none. */
const TITLES = new Set(
  'dr mr mrs ms miss sir lady lord king queen prince princess captain professor prof saint st'.split(' '),
);
const ARTICLES = new Set('the a an el la le les der die das'.split(' '));
/** A token of its own where something stands that a name does not go on behind. */
const BREAK = '\n';

function addName(names: Map<string, Name>, symbols: Map<string, number>, written: string, id: number): void {
  const tokens = tokensOf(written);
  if (!tokens.some(({ folded }) => /[\p{L}\p{N}]/u.test(folded))) return;
  const forms = [tokens, joinedTokens(written, tokens), writtenOutTokens(written, tokens)];
  for (const form of forms) {
    if (!form) continue;
    const parts = partsOf(form);
    const key = parts.join(' ');
    let name = names.get(key);
    if (!name) {
      const numbers = parts.map((part) => {
        const number = symbols.get(part) ?? symbols.size + 1;
        symbols.set(part, number);
        return number;
      });
      name = { symbols: numbers, kind: nameKindOf(form), owners: [] };
      names.set(key, name);
    }
    // All names of a character are added together, so an earlier one of it can only be the last.
    if (name.owners.at(-1) !== id) name.owners.push(id);
  }
}

function partsOf(tokens: readonly Token[]): string[] {
  return tokens.flatMap(({ folded, joint }, index) =>
    index > 0 && joint === 'break' ? [BREAK, folded] : [folded],
  );
}

/** "Kai" of "Kai Nakamura", "Mei" of "Dr. Mei Tanaka"; nothing of "The Joker", of one word or of one letter. */
function firstNameOf(name: string): string | null {
  const words = name.normalize('NFKC').split(/\s+/).filter(Boolean);
  const bare = words.map((word) => word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}\p{M}]+$/gu, ''));
  const first = bare.findIndex((word) => !TITLES.has(word.toLowerCase()));
  const found = bare[first];
  if (words.length < 2 || !found || [...found].length < 2 || ARTICLES.has(found.toLowerCase())) return null;
  return found;
}

/** Of the names that end at one place, the longest. */
function findHits(
  automaton: Automaton,
  names: readonly Name[],
  symbols: ReadonlyMap<string, number>,
  tokens: readonly Token[],
): Hit[] {
  const text: number[] = [];
  /** For each symbol of the text, its token. */
  const places: number[] = [];
  for (const [index, { folded, joint }] of tokens.entries()) {
    if (index > 0 && joint === 'break') {
      text.push(symbols.get(BREAK) ?? 0);
      places.push(index);
    }
    text.push(symbols.get(folded) ?? 0);
    places.push(index);
  }
  const hits: Hit[] = [];
  automaton.scan(text, (pattern, end) => {
    const name = names[pattern];
    const first = tokens[places[end - (name?.symbols.length ?? 0)] ?? -1];
    const last = tokens[places[end - 1] ?? -1];
    if (!name || !first || !last) return 'continue';
    hits.push({ name, sighting: { start: first.start, end: last.end } });
    return 'next position';
  });
  return hits;
}

/** Drops hits that lie within a longer one. */
function withoutContained(hits: readonly Hit[]): Hit[] {
  const kept: Hit[] = [];
  let furthest = -1;
  for (const hit of hits.toSorted(
    (a, b) => a.sighting.start - b.sighting.start || b.sighting.end - a.sighting.end,
  )) {
    const last = kept.at(-1)?.sighting;
    const isSame = last?.start === hit.sighting.start && last.end === hit.sighting.end;
    if (hit.sighting.end > furthest || isSame) kept.push(hit);
    furthest = Math.max(furthest, hit.sighting.end);
  }
  return kept;
}

function mentionsOf(hits: readonly Hit[], text: string): CharacterMention[] {
  const found = new Map<number, CharacterMention>();
  const seen = new Set<Name>();
  const length = ({ start, end }: Sighting) => end - start;
  for (const { name, sighting } of hits.toSorted(
    (a, b) => length(b.sighting) - length(a.sighting) || a.sighting.start - b.sighting.start,
  )) {
    // A name that was seen adds nobody; without this a thousand namesakes are counted at every mention.
    if (seen.has(name)) continue;
    seen.add(name);
    for (const characterId of name.owners)
      if (!found.has(characterId))
        found.set(characterId, {
          characterId,
          matched: text.slice(sighting.start, sighting.end),
          ...sighting,
        });
  }
  return [...found.values()].sort(
    (a, b) => length(b) - length(a) || a.start - b.start || a.characterId - b.characterId,
  );
}
