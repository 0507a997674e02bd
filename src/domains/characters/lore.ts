import { isObject, type Json } from '../../cards/container.ts';
import { dataOf, textOf, textsOf } from '../../cards/versions.ts';

/** How the secondary keys of an entry decide together with its keys. */
export const KEY_LOGICS = ['AND_ANY', 'NOT_ALL', 'NOT_ANY', 'AND_ALL'] as const;
export type KeyLogic = (typeof KEY_LOGICS)[number];

/** Something that is told when one of its keys is said. */
export interface LoreEntry {
  /** Its place in the book, from 0. */
  readonly index: number;
  readonly name: string;
  readonly keys: readonly string[];
  readonly secondaryKeys: readonly string[];
  readonly logic: KeyLogic;
  readonly content: string;
  readonly enabled: boolean;
  /** Told without any key. */
  readonly constant: boolean;
  readonly useRegex: boolean;
  readonly caseSensitive: boolean;
  readonly wholeWords: boolean;
  /** Lower ones are told earlier. */
  readonly insertionOrder: number;
  /** Of entries that the budget does not hold, those with lower ones go first. */
  readonly priority: number;
  /** How often it is told where it is triggered, 0 to 1. */
  readonly probability: number;
  /** Messages that it is looked for in, the latest first; null: as the book says. */
  readonly scanDepth: number | null;
  /** It is never triggered by other entries, and triggers none. */
  readonly isTriggered: boolean;
  readonly triggers: boolean;
}

/** The lore of a character. */
export interface LoreBook {
  readonly entries: readonly LoreEntry[];
  /** Messages that keys are looked for in, the latest first. */
  readonly scanDepth: number;
  /** What all that is told may take. */
  readonly tokenBudget: number;
  /** Whether what is told triggers more. */
  readonly isRecursive: boolean;
}

/** Entries that are read of a book: they are kept in memory while they are used. */
export const MAX_ENTRIES = 10_000;
const DEFAULT_SCAN_DEPTH = 2;
const DEFAULT_TOKEN_BUDGET = 1_000;
const DEFAULT_PRIORITY = 10;

/** The lore that a card brings; null: none. What has a wrong type in it is as if it were absent. */
export function loreOf(card: Json): LoreBook | null {
  const { character_book: book } = dataOf(card);
  if (!isObject(book) || !Array.isArray(book.entries) || book.entries.length === 0) return null;
  return {
    entries: book.entries
      .slice(0, MAX_ENTRIES)
      .flatMap((entry, index) => (isObject(entry) ? readEntry(entry, index) : [])),
    scanDepth: wholeOr(book.scan_depth, DEFAULT_SCAN_DEPTH),
    tokenBudget: wholeOr(book.token_budget, DEFAULT_TOKEN_BUDGET),
    isRecursive: book.recursive_scanning === true,
  };
}

function readEntry(entry: Json, index: number): LoreEntry {
  const more = isObject(entry.extensions) ? entry.extensions : {};
  const { content, decorators } = undecorated(textOf(entry.content));
  const excluded = listOf(decorators.get('exclude_keys'));
  const secondaryKeys = entry.selective === true ? named(textsOf(entry.secondary_keys)) : [];
  const keys = named([...textsOf(entry.keys), ...listOf(decorators.get('additional_keys'))]);
  const isChance = more.useProbability !== false && typeof more.probability === 'number';
  return {
    index,
    name: textOf(entry.name) || textOf(entry.comment) || keys[0] || `entry ${index + 1}`,
    keys,
    // A decorator says more than the field of an older version.
    secondaryKeys: excluded.length > 0 ? excluded : secondaryKeys,
    logic: excluded.length > 0 ? 'NOT_ANY' : (KEY_LOGICS[Number(more.selectiveLogic ?? 0)] ?? 'AND_ANY'),
    content,
    enabled: entry.enabled !== false && !decorators.has('dont_activate'),
    constant: entry.constant === true || decorators.has('activate'),
    useRegex: entry.use_regex === true,
    caseSensitive: entry.case_sensitive === true,
    wholeWords: more.match_whole_words !== false,
    insertionOrder: numberOr(entry.insertion_order, 100),
    priority: numberOr(entry.priority, DEFAULT_PRIORITY),
    probability: isChance ? Math.min(1, Math.max(0, Number(more.probability) / 100)) : 1,
    scanDepth: decorators.has('scan_depth') ? wholeOr(Number(decorators.get('scan_depth')), 0) : null,
    isTriggered: more.exclude_recursion !== true,
    triggers: more.prevent_recursion !== true,
  };
}

/** Lines that begin a content with `@@`, or `@@@` for programs that do not know the one before, are about it. */
function undecorated(content: string): { content: string; decorators: ReadonlyMap<string, string> } {
  const decorators = new Map<string, string>();
  let rest = content;
  for (let line = /^@@@?([a-z_]+)[ \t]*(.*)(?:\r?\n|$)/i.exec(rest); line; ) {
    const [whole, name = '', value = ''] = line;
    if (!decorators.has(name.toLowerCase())) decorators.set(name.toLowerCase(), value.trim());
    rest = rest.slice(whole.length);
    line = /^@@@?([a-z_]+)[ \t]*(.*)(?:\r?\n|$)/i.exec(rest);
  }
  return { content: rest.trim(), decorators };
}

const named = (keys: readonly string[]) => keys.map((key) => key.trim()).filter((key) => key !== '');
const listOf = (value: string | undefined) => named(value?.split(',') ?? []);

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

function wholeOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? Math.floor(value) : otherwise;
}
