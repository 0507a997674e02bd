import { LOCAL_PRINCIPAL } from '../../access/principals.ts';
import type { Ports } from '../../ground/ports.ts';
import { upsertCharacters } from './characters.ts';
import { CharacterDirectory } from './directory.ts';
import { keyNames } from './names.ts';
import { characterStats } from './reads.ts';
import { SEED_CHARACTERS } from './seed.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly characters: CharacterDirectory;
  }
}

/** Who is known, and by which names. */
export function openCharacters({ db, log }: Ports): { characters: CharacterDirectory } {
  return { characters: new CharacterDirectory(db, log) };
}

/** Makes names comparable by the rules of this version, and puts the seed characters into an empty embedded database. */
export async function startCharacters(
  parts: Pick<Ports, 'db' | 'config'> & { characters: CharacterDirectory },
): Promise<void> {
  const { db, config } = parts;
  await keyNames(db);
  if (!config.seed || config.databaseUrls.length > 0 || (await characterStats(db, LOCAL_PRINCIPAL)).total > 0)
    return;
  // So that a first query has something to answer from.
  await upsertCharacters(parts, LOCAL_PRINCIPAL, SEED_CHARACTERS);
}
