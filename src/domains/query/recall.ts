import type { Owner } from '../../access/principals.ts';
import { READ_DEADLINE_MS } from '../../db/availability.ts';
import { Patience } from '../../db/patience.ts';
import type { CharacterDirectory } from '../characters/directory.ts';
import { charactersById } from '../characters/reads.ts';
import type { CharacterRow } from '../characters/tables.ts';
import type { FactRow } from '../facts/tables.ts';
import { factsAbout } from '../facts/views.ts';
import { factsLike } from '../memory/fact-hits.ts';
import type { MemoryHit } from '../memory/hits.ts';
import { type MemoryServices, searchMemory } from '../memory/memory.ts';
import { Calendar } from '../spoken-times/calendar.ts';
import { cite, describeCharacter, quote, unforged } from './citation.ts';
import { buildContext, tokensIn } from './context.ts';
import { relevantMemories } from './relevance.ts';

export interface RecallServices extends MemoryServices {
  readonly characters: CharacterDirectory;
}

/** What is known that bears on a text, as somebody else's model may be told it. */
export interface Recalled {
  /** Quoted, numbered notes: nothing in them can pass for anything but a quotation. Empty: nothing is known. */
  readonly context: string;
  /** About how many tokens the notes take. */
  readonly tokens: number;
  /** In the order of their numbers, from 1. */
  readonly memories: readonly MemoryHit[];
  readonly facts: readonly FactRow[];
  readonly characters: readonly CharacterRow[];
  /** It names a time of which nothing was found: the memories are of other times. */
  readonly missedTime: boolean;
  /** A part of what is remembered could not be read in time, so that something may be missing. */
  readonly degraded: boolean;
}

/** More than a budget holds as a rule, since some say the same. */
const MAX_MEMORIES = 40;
/** Of which those are taken that speak to the text. */
const MAX_FOUND = 100;
const MAX_FACTS = 20;
const MAX_PROFILE_LENGTH = 2_000;
/** Of the budget, what facts and profiles may take each. */
const SHARE = 1 / 3;

/**
 * Gathers what is known that bears on a text: facts, profiles of characters that it names, and turns that speak to it, within a
 * budget of tokens. No model is asked and nothing is stored.
 *
 * @throws InvalidInput
 */
export async function recall(
  {
    availability: whole,
    ...others
  }: RecallServices & { readonly availability: ConstructorParameters<typeof Patience>[0] },
  owner: Owner,
  asked: {
    readonly query: string;
    readonly maxTokens: number;
    readonly timeZone?: string | null | undefined;
  },
): Promise<Recalled> {
  const services = { ...others, availability: new Patience(whole, READ_DEADLINE_MS) };
  const { db, availability, characters } = services;
  const { query, maxTokens } = asked;
  const mentions = await availability.tolerate(() => characters.mentionedIn(owner, query), []);
  const [search, known, byWords, like] = await Promise.all([
    searchMemory(services, owner, {
      query,
      limit: MAX_FOUND,
      characterIds: mentions,
      timeZone: asked.timeZone,
    }),
    mentions.length > 0 ? availability.tolerate(() => charactersById(db, owner, mentions), []) : [],
    availability.tolerate(() => factsAbout(services, owner, query, MAX_FACTS), []),
    factsLike(services, owner, query),
  ]);
  const said = new Set(byWords.map(({ id }) => id));
  const facts = [...byWords, ...like.filter(({ id }) => !said.has(id))].slice(0, MAX_FACTS);
  const { timeZone } = search;
  const degraded = search.degraded || availability.missed > 0;
  // Of what was not read nobody knows when it was said.
  const missedTime = search.missedTime && !degraded;
  const relevant = relevantMemories(query, search.hits, {
    asksForPast: true,
    today: new Calendar(new Date(), timeZone).midnight,
    limit: MAX_MEMORIES,
  });
  const told = withinBudget(facts, maxTokens * SHARE, factLine);
  const profiles = withinBudget(
    known.flatMap((character) => character ?? []),
    maxTokens * SHARE,
    profileLine,
  );
  const style = { timeZone, reader: 'model' as const };
  const { memories } = buildContext([], relevant, maxTokens - told.tokens - profiles.tokens, style);
  const context = [
    told.lines.length > 0 && `Facts:\n${told.lines.join('\n')}`,
    profiles.lines.length > 0 && `Profiles of characters:\n${profiles.lines.join('\n')}`,
    memories.length > 0 &&
      `Notes from ${missedTime ? 'other times' : 'earlier conversations'}:\n${memories.map((memory, index) => cite(memory, index + 1, style)).join('\n')}`,
  ]
    .filter(Boolean)
    .join('\n\n');
  return {
    ...{ context, tokens: tokensIn(context), memories, facts: told.kept, characters: profiles.kept },
    ...{ missedTime, degraded },
  };
}

function factLine({ statement }: FactRow): string {
  return `- "${unforged(quote(statement))}"`;
}

function profileLine(character: CharacterRow): string {
  return `- "${unforged(quote(describeCharacter(character, 'model').replaceAll('\n', '. '), MAX_PROFILE_LENGTH))}"`;
}

function withinBudget<T>(items: readonly T[], budget: number, lineOf: (item: T) => string) {
  const kept: T[] = [];
  const lines: string[] = [];
  let tokens = 0;
  for (const item of items) {
    const line = lineOf(item);
    const cost = tokensIn(line);
    if (tokens + cost > budget) continue;
    tokens += cost;
    kept.push(item);
    lines.push(line);
  }
  return { kept, lines, tokens };
}
