import { LOCAL_PRINCIPAL } from '../src/access/principals.ts';
import { EXIT, runPlainCommand, runScript } from '../src/ground/command.ts';
import { withServices } from './with-services.ts';

const USAGE = `usage: npm run seed    loads the seed characters; those that exist get their seed profile again
The server must not be running on the same DATA_DIR.`;

await runScript((args, print) =>
  runPlainCommand(USAGE, args, print, () =>
    withServices(async (services) => {
      const { upsertCharacters } = await import('../src/domains/characters/characters.ts');
      const { SEED_CHARACTERS } = await import('../src/domains/characters/seed.ts');
      const written = await upsertCharacters(services, LOCAL_PRINCIPAL, SEED_CHARACTERS);
      services.log.info(
        { characters: written.map(({ row }) => row.characterName) },
        'seed characters loaded',
      );
      return EXIT.done;
    }),
  ),
);
