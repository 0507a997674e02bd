import type { Owner } from '../../access/principals.ts';
import { READ_DEADLINE_MS } from '../../db/availability.ts';
import { Patience } from '../../db/patience.ts';
import type { CharacterDirectory } from '../characters/directory.ts';
import type { TurnColumns } from '../interactions/reads.ts';
import { type MemorySearch, type MemoryServices, searchMemory } from './memory.ts';

export interface SearchServices extends MemoryServices {
  readonly characters: Pick<CharacterDirectory, 'mentionedIn'>;
}

/**
 * As `searchMemory`, by the characters, too, that the query mentions; the time that is waited for the database is one.
 *
 * @throws InvalidInput, NotFound (the character of the filter)
 */
export async function searchWithMentions(
  { availability: whole, ...others }: SearchServices,
  owner: Owner,
  asked: Omit<Parameters<typeof searchMemory>[2], 'characterIds'>,
  columns: TurnColumns = 'all',
): Promise<MemorySearch> {
  const availability = new Patience(whole, READ_DEADLINE_MS);
  const look = () => others.characters.mentionedIn(owner, asked.query);
  const characterIds = await availability.tolerate(look, []);
  const found = await searchMemory({ ...others, availability }, owner, { ...asked, characterIds }, columns);
  return { ...found, degraded: found.degraded || availability.missed > 0 };
}
