import { LOCAL_PRINCIPAL } from '../src/access/principals.ts';
import { runStandalone } from '../src/app.ts';
import { upsertCharacters } from '../src/domains/characters/characters.ts';
import { SEED_CHARACTERS } from '../src/domains/characters/seed.ts';

/** Loads the seed characters; those that exist get their seed profile again. */
await runStandalone(async (services) => {
  const written = await upsertCharacters(services, LOCAL_PRINCIPAL, SEED_CHARACTERS);
  services.log.info({ characters: written.map(({ row }) => row.characterName) }, 'seed characters loaded');
});
