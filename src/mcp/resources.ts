import { z } from 'zod';
import type { Owner } from '../access/principals.ts';
import { charactersOf, findCharacter } from '../domains/characters/views.ts';
import { conversationsOf } from '../domains/conversations/views.ts';
import { factsMatching, findFact } from '../domains/facts/views.ts';
import { InvalidInput } from '../errors.ts';
import { conversationPage } from './conversation-tools.ts';
import { cursorOf, fitted, positionOf, positions } from './paging.ts';
import { NOTICE, shownCharacter, shownFact } from './shapes.ts';
import type { McpServices } from './tool.ts';

/** What can be read by an address: conversations, characters and facts of the caller. */

const JSON_TYPE = 'application/json';
const PAGE = 50;
/** Tokens of what is read at once. Hosts put it before a model as it is. */
const READ_TOKENS = 8_000;

/** The lists of each kind, which also stand in the list of resources. */
const LISTS = [
  ['conversations', 'Conversations', 'The user’s latest conversations.'],
  ['characters', 'Characters', 'Characters that the user knows, by name.'],
  ['facts', 'Facts', 'What is known and holds, the newest first.'],
] as const;
type Kind = (typeof LISTS)[number][0];

export const RESOURCE_TEMPLATES = [
  ['conversations/{conversationId}', 'conversation', 'A conversation', 'Its latest turns, oldest first.'],
  ['characters/{name}', 'character', 'A character', 'Profile of a character, by the full name.'],
  ['facts/{factId}', 'fact', 'A fact', 'A single fact.'],
].map(([path, name = '', title, description]) => ({
  uriTemplate: `echo://${path}`,
  ...{ name, title, description, mimeType: JSON_TYPE },
}));

const uriOf = (kind: Kind, name: string) => `echo://${kind}/${encodeURIComponent(name)}`;

/** Where a page of the list of resources begins: conversations come before characters. */
const Place = z.union([
  z.tuple([z.literal('conversations'), positions.time]),
  z.tuple([z.literal('characters'), positions.name.nullable()]),
]);

/** A page of what the caller can read: the lists, then conversations, the latest first, then characters. */
export async function listResources(services: McpServices, owner: Owner, cursor: string | undefined) {
  const place = positionOf('resources', Place, cursor);
  if (place?.[0] === 'characters') return charactersPage(services, owner, place[1]);
  const lists = LISTS.map(([kind, title, description]) => ({
    uri: `echo://${kind}`,
    ...{ name: kind, title, description, mimeType: JSON_TYPE },
  }));
  const page = { after: place?.[1] ?? null, before: null, limit: PAGE + 1, inverted: false };
  const rows = await conversationsOf(services, owner, page);
  const shown = rows.slice(0, PAGE).map((row) => ({
    uri: uriOf('conversations', row.conversationId),
    name: row.conversationId,
    title: row.title || row.conversationId,
    description: `${row.nextSequence - 1 - row.deletedTurns} turns`,
    mimeType: JSON_TYPE,
    annotations: { lastModified: row.lastInteraction.toISOString() },
  }));
  const last = rows[PAGE - 1];
  const next =
    rows.length > PAGE && last
      ? ['conversations', [last.lastInteraction.getTime(), last.id]]
      : ['characters', null];
  return { resources: place ? shown : [...lists, ...shown], nextCursor: cursorOf('resources', next) };
}

async function charactersPage(
  services: McpServices,
  owner: Owner,
  after: z.output<typeof positions.name> | null,
) {
  const rows = await charactersOf(services, owner, { after, before: null, limit: PAGE + 1, inverted: false });
  const last = rows[PAGE - 1];
  return {
    resources: rows.slice(0, PAGE).map(({ characterName, sourceFranchise }) => ({
      uri: uriOf('characters', characterName),
      name: characterName,
      title: characterName,
      description: `Character from ${sourceFranchise}`,
      mimeType: JSON_TYPE,
    })),
    ...(rows.length > PAGE &&
      last && { nextCursor: cursorOf('resources', ['characters', [last.characterName, last.id]]) }),
  };
}

/** What is at an address, as JSON. @throws NotFound, InvalidInput (there can be nothing at it) */
export async function readResource(services: McpServices, owner: Owner, uri: string) {
  const [, kind, encoded] = /^echo:\/\/(conversations|characters|facts)(?:\/([^/?#]+))?$/.exec(uri) ?? [];
  if (!kind)
    throw new InvalidInput(
      'uri',
      `there is nothing at this address; there are ${RESOURCE_TEMPLATES.map((each) => each.uriTemplate).join(', ')} and their lists`,
    );
  const content = encoded
    ? await oneOf(services, owner, kind as Kind, decoded(encoded))
    : await listOf(services, owner, kind as Kind);
  const text = JSON.stringify({ userId: owner.userId, notice: NOTICE, ...content });
  return { contents: [{ uri, mimeType: JSON_TYPE, text }] };
}

function decoded(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw new InvalidInput('uri', 'is not valid percent-encoding');
  }
}

async function oneOf(services: McpServices, owner: Owner, kind: Kind, name: string): Promise<object> {
  if (kind === 'characters') return { character: shownCharacter(await findCharacter(services, owner, name)) };
  if (kind === 'facts') return { fact: shownFact(await findFact(services, owner, name)) };
  return conversationPage(services, owner, {
    ...{ conversationId: name, limit: PAGE, maxTokens: READ_TOKENS },
  });
}

async function listOf(services: McpServices, owner: Owner, kind: Kind): Promise<object> {
  const first = { after: null, before: null, limit: PAGE, inverted: false };
  const within = <T>(entries: readonly T[]) => fitted(entries, READ_TOKENS, (entry) => entry).shown;
  if (kind === 'facts')
    return {
      facts: within((await factsMatching(services, owner, { status: 'ACTIVE' }, first)).map(shownFact)),
    };
  if (kind === 'characters')
    return { characters: (await charactersOf(services, owner, first)).map((each) => each.characterName) };
  const conversations = (await conversationsOf(services, owner, first)).map((row) => ({
    conversationId: row.conversationId,
    title: row.title || null,
    turnCount: row.nextSequence - 1 - row.deletedTurns,
    lastTurnAt: row.lastInteraction.toISOString(),
  }));
  return { conversations: within(conversations) };
}
