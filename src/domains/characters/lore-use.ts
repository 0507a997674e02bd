import { hash } from 'node:crypto';
import type { LoreEntry } from './lore.ts';
import type { CompiledBook, KeysFound } from './lore-book.ts';

/** An entry that a turn is told, and why. */
export interface UsedLore {
  readonly characterId: number;
  readonly entry: LoreEntry;
  /** In words: the key that was said, that it is always told, or the entry that names it. */
  readonly reason: string;
}

/** How often what is told is looked through for more. */
export const MAX_RECURSION = 3;
/** Milliseconds for the patterns of one turn; words take no time to speak of. */
export const PATTERN_MS = 50;
/** Characters of the latest messages that keys are looked for in. */
export const MAX_SCANNED = 8_000;

/**
 * The entries of some characters' lore that a turn is told, in the order in which they are told. Chance is the turn's own:
 * the same turn is told the same.
 *
 * @param said the latest message first
 * @param tokensIn how much of a budget a text takes
 */
export function useLore(
  books: readonly { readonly characterId: number; readonly book: CompiledBook }[],
  said: readonly string[],
  turnId: string,
  tokensIn: (text: string) => number,
): UsedLore[] {
  const until = performance.now() + PATTERN_MS;
  return books.flatMap(({ characterId, book }) => {
    const chance = (entry: LoreEntry) => chanceOf(`${turnId} ${characterId} ${entry.index}`);
    const told = triggered(book, said, { until, chance });
    return fitting(told, book.tokenBudget, tokensIn)
      .sort((a, b) => a.entry.insertionOrder - b.entry.insertionOrder || a.entry.index - b.entry.index)
      .map((each) => ({ ...each, characterId }));
  });
}

type Told = Pick<UsedLore, 'entry' | 'reason'>;

function triggered(
  book: CompiledBook,
  said: readonly string[],
  { until, chance }: { until: number; chance: (entry: LoreEntry) => number },
): Told[] {
  const told = new Map<number, Told>();
  const tell = (entry: LoreEntry, reason: string): boolean => {
    if (told.has(entry.index) || entry.content === '' || chance(entry) >= entry.probability) return false;
    told.set(entry.index, { entry, reason });
    return true;
  };
  const enabled = book.entries.filter((entry) => entry.enabled);
  const byDepth = new Map<number, ReadonlyMap<number, KeysFound>>();
  const foundWithin = (depth: number) => {
    const found =
      byDepth.get(depth) ?? book.keysIn(said.slice(0, depth).join('\n').slice(0, MAX_SCANNED), until);
    byDepth.set(depth, found);
    return found;
  };
  let news: Told[] = [];
  for (const entry of enabled) {
    const key = entry.constant ? null : keyOf(entry, foundWithin(entry.scanDepth ?? book.scanDepth));
    if (key === undefined) continue;
    const reason = key === null ? 'it is always told' : `"${key}" was said`;
    if (tell(entry, reason)) news.push({ entry, reason });
  }
  for (let depth = 0; book.isRecursive && depth < MAX_RECURSION && news.length > 0; depth++) {
    const sources = news.filter(({ entry }) => entry.triggers);
    news = [];
    for (const source of sources) {
      const found = book.keysIn(source.entry.content.slice(0, MAX_SCANNED), until);
      for (const entry of enabled) {
        const key = entry.isTriggered && found.has(entry.index) ? keyOf(entry, found) : undefined;
        if (key === undefined || entry.constant) continue;
        const reason = `"${key}" is in what "${source.entry.name}" tells`;
        if (tell(entry, reason)) news.push({ entry, reason });
      }
    }
  }
  return [...told.values()];
}

/** The key by which an entry is triggered; undefined: it is not. */
function keyOf(entry: LoreEntry, found: ReadonlyMap<number, KeysFound>): string | undefined {
  const { keys: [key] = [], secondaryKeys = [] } = found.get(entry.index) ?? {};
  if (key === undefined || entry.secondaryKeys.length === 0) return key;
  const [any, all] = [secondaryKeys.length > 0, secondaryKeys.length >= new Set(entry.secondaryKeys).size];
  const holds = { AND_ANY: any, AND_ALL: all, NOT_ANY: !any, NOT_ALL: !all }[entry.logic];
  return holds ? key : undefined;
}

/** Those that the budget holds: of higher priority first, and of the same those that are always told. */
function fitting(told: readonly Told[], budget: number, tokensIn: (text: string) => number): Told[] {
  let left = budget;
  const rank = ({ entry }: Told) => entry.priority * 2 + (entry.constant ? 1 : 0);
  return [...told]
    .sort((a, b) => rank(b) - rank(a) || a.entry.insertionOrder - b.entry.insertionOrder)
    .filter(({ entry }) => {
      const cost = tokensIn(entry.content);
      if (cost > left) return false;
      left -= cost;
      return true;
    });
}

/** From 0 to below 1, the same for the same text. */
function chanceOf(text: string): number {
  return hash('sha256', text, 'buffer').readUInt32BE(0) / 2 ** 32;
}
