import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import type { Page } from '../../db/statements.ts';
import { NotFound } from '../../errors.ts';
import { characterPage, characterStats, charactersByName, type NamePosition } from './reads.ts';
import type { CharacterRow } from './tables.ts';

export type { CharacterRow } from './tables.ts';

/** A character that a user knows, by the full name. @throws NotFound */
export async function findCharacter(
  { db }: { readonly db: Database },
  owner: Owner,
  name: string,
): Promise<CharacterRow> {
  const [found] = await charactersByName(db, owner, [name]);
  if (!found) throw new NotFound('name', `there is no character "${name.slice(0, 100)}"`);
  return found;
}

/** A page of the active characters that a user knows, by name. */
export async function charactersOf(
  { db }: { readonly db: Database },
  owner: Owner,
  page: Page<NamePosition>,
): Promise<CharacterRow[]> {
  return characterPage(db, owner, { activeOnly: true }, page);
}

/** An active character that a user knows, by its full name. @throws NotFound */
export async function activeCharacter(
  services: { readonly db: Database },
  owner: Owner,
  name: string,
): Promise<CharacterRow> {
  const found = await findCharacter(services, owner, name);
  if (!found.isActive) throw new NotFound('name', `there is no active character "${name.slice(0, 100)}"`);
  return found;
}

/** Figures over the active characters that a user knows. */
export function figuresOfCharacters({ db }: { readonly db: Database }, owner: Owner) {
  return characterStats(db, owner);
}
