import { LOCAL_PRINCIPAL } from '../src/access/principals.ts';
import { openStandalone } from '../src/app.ts';
import { upsertCharacters } from '../src/domains/characters/characters.ts';
import { SEED_CHARACTERS } from '../src/domains/characters/seed.ts';

/** Loads the seed characters; those that exist get their seed profile again. */
const { services, close } = await openStandalone();
const characters = await upsertCharacters(services, LOCAL_PRINCIPAL.tenantId, SEED_CHARACTERS);
services.log.info(
  { characters: characters.map((character) => character.characterName) },
  'seed characters loaded',
);
await close();
