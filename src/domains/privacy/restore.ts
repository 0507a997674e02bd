import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { InvalidInput } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { CharacterLine, restoreCharacters } from '../characters/own.ts';
import { ConversationLine, DeletedLine } from '../conversations/restored.ts';
import { TurnLine } from '../interactions/rows.ts';
import { isOwnTurnId } from '../interactions/turn.ts';
import { checkSettingsOwner, restoreSettings, SettingsLine } from '../settings/exported.ts';
import { MAX_LINES } from './export.ts';
import type { Part } from './lines.ts';
import { restorePart } from './restore-conversation.ts';
import type { Tombstones } from './tombstones.ts';

export interface RestoreServices {
  readonly db: Database;
  readonly tombstones: Tombstones;
  /** Told of turns that were stored. */
  readonly indexWorker: { wake(turns: number): void };
  readonly vectorWorker: { wake(): void };
  readonly characters: { changed(tenantId: string, userId: string | null): void };
}

export interface Restored {
  readonly turns: number;
  /** Turns that were there already. */
  readonly replayed: number;
  /** Own characters. */
  readonly characters: number;
}

const Lines = z
  .array(z.string())
  .min(1, { error: 'must have at least 1 line' })
  .max(MAX_LINES, { error: `must have at most ${MAX_LINES} lines` });

/**
 * Puts lines of an export back: each turn under its own id and at its place, checked against the hash that ties it
 * to its predecessor. All or nothing; turns that are there already are passed over, so sending again is safe. Turns that
 * were deleted since come back, because an export is a copy that somebody means to have; turns that were erased do not.
 *
 * Settings come back unless the user has chosen again since.
 *
 * @throws InvalidInput naming the line; NotFound for turns of a conversation that is not there
 */
export async function restoreLines(
  { db, tombstones, indexWorker, vectorWorker, characters }: RestoreServices,
  owner: Owner,
  given: readonly string[],
): Promise<Restored> {
  const { settings, parts, own } = readParts(owner, input.parseInput(Lines, [...given], 'lines'), tombstones);
  const total = { turns: 0, replayed: 0, characters: 0 };
  await db.transaction(async (client) => {
    await restoreSettings(client, owner, settings);
    total.characters = await restoreCharacters(client, owner, own);
    for (const part of parts) {
      const done = await restorePart(client, owner, part);
      total.turns += done.turns;
      total.replayed += done.replayed;
    }
  });
  indexWorker.wake(total.turns);
  vectorWorker.wake();
  if (total.characters > 0) characters.changed(owner.tenantId, owner.userId);
  return total;
}

/** Lines by conversation; a page may begin in the middle of one. */
function readParts(owner: Owner, lines: readonly string[], tombstones: Tombstones) {
  const parts: Part[] = [];
  const settings: SettingsLine[] = [];
  const own: CharacterLine[] = [];
  for (const [line, text] of lines.entries()) {
    const value = parsed(text, line);
    if ((value as { kind?: unknown } | null)?.kind === 'settings') {
      const chosen = input.parseInput(SettingsLine, value, `lines.${line}`);
      checkSettingsOwner(owner, chosen, line);
      tombstones.check(owner, chosen.updatedAt, `lines.${line}.updatedAt`, false);
      settings.push(chosen);
      continue;
    }
    if ((value as { kind?: unknown } | null)?.kind === 'character') {
      const character = input.parseInput(CharacterLine, value, `lines.${line}`);
      tombstones.check(owner, character.updatedAt, `lines.${line}.updatedAt`, false);
      own.push(character);
      continue;
    }
    if ((value as { kind?: unknown } | null)?.kind === 'conversation') {
      const conversation = input.parseInput(ConversationLine, value, `lines.${line}`);
      if (conversation.userId !== owner.userId || conversation.tenantId !== owner.tenantId)
        throw new InvalidInput(
          `lines.${line}.userId`,
          'an export goes back to the user and tenant that it came from',
        );
      parts.push({ conversation, conversationId: conversation.conversationId, turns: [] });
      continue;
    }
    const turn = turnOf(owner, value, line, tombstones);
    let part = parts.at(-1);
    if (part?.conversationId !== turn.conversationId) {
      part = { conversation: null, conversationId: turn.conversationId, turns: [] };
      parts.push(part);
    }
    part.turns.push({ line, turn });
  }
  return { settings, parts, own };
}

function turnOf(owner: Owner, value: unknown, line: number, tombstones: Tombstones): TurnLine | DeletedLine {
  if ((value as { kind?: unknown } | null)?.kind === 'deleted')
    return input.parseInput(DeletedLine, value, `lines.${line}`);
  const turn = input.parseInput(TurnLine, value, `lines.${line}`);
  // Its id tells whether it was erased; see `restorePart`.
  tombstones.check(owner, turn.timestamp, `lines.${line}.timestamp`, true);
  if (isOwnTurnId(owner, turn)) return turn;
  throw new InvalidInput(
    `lines.${line}.turnId`,
    'does not follow from the user, the conversation and the idempotency key',
  );
}

function parsed(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidInput(`lines.${line}`, 'is not valid JSON');
  }
}
