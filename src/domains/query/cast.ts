import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import { isObject } from '../../cards/container.ts';
import type { Database } from '../../db/client.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { wholeCard } from '../characters/card-export.ts';
import { cardsOf } from '../characters/cards.ts';
import { charactersByName } from '../characters/reads.ts';
import type { CharacterRow } from '../characters/tables.ts';
import { setCharacters } from '../conversations/changes.ts';
import type { ConversationRow } from '../conversations/tables.ts';
import type { InteractionRow } from '../interactions/tables.ts';
import type { AcceptedQuery } from './accepted.ts';
import { type Cast, greetingsFor, openingWords, type Player } from './character-prompt.ts';

/** Characters of one conversation. */
export const MAX_CAST = 10;
/** Greetings of a character that a conversation can begin with. */
export const MAX_GREETINGS = 1_000;

const Given = z.object({
  conversationId: input.conversationId,
  characters: z.array(input.text(100)).max(MAX_CAST, { error: `must have at most ${MAX_CAST} entries` }),
  greeting: z
    .int()
    .min(0, { error: 'must be at least 0' })
    .max(MAX_GREETINGS - 1, { error: `must be at most ${MAX_GREETINGS - 1}` })
    .nullish(),
});

/**
 * Says which characters answer in a conversation, which is made where there is none; with none, the assistant does.
 *
 * @throws InvalidInput, also for a greeting that the first of them does not have; NotFound for a character that the user
 *   does not know, or that is not active
 */
export async function setConversationCharacters(
  services: { readonly db: Database },
  owner: Owner,
  given: z.input<typeof Given>,
): Promise<ConversationRow> {
  const { conversationId, characters, greeting } = input.parseInput(Given, given);
  const found = await charactersByName(services.db, owner, characters);
  const present = found.map((character, place) => {
    if (!character?.isActive)
      throw new NotFound(`characters.${place}`, `there is no active character "${characters[place]}"`);
    return character;
  });
  const names = [...new Set(present.map(({ characterName }) => characterName))];
  if (greeting) {
    const [first] = await withCards(services, owner, present.slice(0, 1));
    const known = first ? greetingsFor(first, names.length > 1).length : 0;
    if (greeting >= known)
      throw new InvalidInput(
        'greeting',
        `must be below ${known}: that many greetings ${names[0] ?? 'nobody'} has`,
      );
  }
  return setCharacters(services, owner, conversationId, { characters: names, greeting: greeting ?? 0 });
}

/** How conversations began, in their order: the greeting of the first character; null: there is none. */
export async function greetingsIn(
  services: { readonly db: Database },
  conversations: readonly (Owner & Pick<ConversationRow, 'conversationId' | 'characters' | 'greeting'>)[],
): Promise<(string | null)[]> {
  const owners = new Map(conversations.map((c) => [JSON.stringify([c.tenantId, c.userId]), c]));
  const players = new Map<string, readonly Player[]>();
  for (const [key, { tenantId, userId }] of owners) {
    const owner = { tenantId, userId };
    const names = conversations
      .filter((c) => c.tenantId === tenantId && c.userId === userId)
      .flatMap(({ characters }) => characters.slice(0, 1));
    const present = await charactersOfConversation(services, owner, [...new Set(names)]);
    players.set(key, await withCards(services, owner, present));
  }
  return conversations.map(({ tenantId, userId, conversationId, characters, greeting }) => {
    const first = players
      .get(JSON.stringify([tenantId, userId]))
      ?.find(({ character }) => character.characterName === characters[0]);
    if (!first) return null;
    return openingWords({ ...first, conversationId, greeting, isGroup: characters.length > 1 }) || null;
  });
}

/** The characters of a conversation that its user still knows, in their order. */
export async function charactersOfConversation(
  { db }: { readonly db: Database },
  owner: Owner,
  names: readonly string[],
): Promise<CharacterRow[]> {
  if (names.length === 0) return [];
  const found = await charactersByName(db, owner, names);
  return found.flatMap((character) => (character?.isActive ? [character] : []));
}

/**
 * Who answers: the one whom the message names, the first where it names several; else who answered last; else the first.
 *
 * @param present the characters of the conversation
 * @param named ids of characters that the message names, the main one first
 * @returns null: no character is there
 */
export async function castOf(
  services: { readonly db: Database },
  { owner, conversationId, greeting }: Pick<AcceptedQuery, 'owner' | 'conversationId' | 'greeting'>,
  present: readonly CharacterRow[],
  { named, history }: { named: readonly number[]; history: readonly InteractionRow[] },
): Promise<Cast | null> {
  const byName = present.filter(({ id }) => named.includes(id));
  const last = history.findLast(({ responder }) =>
    present.some(({ characterName }) => characterName === responder),
  );
  const chosen =
    byName.sort((a, b) => named.indexOf(a.id) - named.indexOf(b.id))[0] ??
    present.find(({ characterName }) => characterName === last?.responder) ??
    present[0];
  const players = await withCards(services, owner, present);
  const answering = players.find(({ character }) => character === chosen);
  const [first] = players;
  if (!answering || !first) return null;
  const others = present.filter((character) => character !== chosen);
  const opening = { ...first, conversationId, greeting, isGroup: present.length > 1 };
  return { answering, others, opening };
}

async function withCards(
  services: { readonly db: Database },
  owner: Owner,
  present: readonly CharacterRow[],
): Promise<Player[]> {
  if (present.length === 0) return [];
  const cards = await cardsOf(
    services,
    owner,
    present.map(({ id }) => id),
  );
  return present.map((character) => {
    const stored = cards.get(character.id);
    const card = stored ? wholeCard(character, stored) : null;
    return { character, card: isObject(card) ? card : null };
  });
}
