import { LOCAL_PRINCIPAL } from '../../access/principals.ts';
import { EXIT, runPlainCommand, type WithServices } from '../../ground/command.ts';
import { type CharacterServices, upsertCharacters } from './characters.ts';
import { SEED_CHARACTERS } from './seed.ts';

const USAGE =
  'usage: npm run seed    loads the seed characters; those that exist get their seed profile again';

/** `npm run seed`. @returns the exit code */
export function seedCommand(
  args: readonly string[],
  withServices: WithServices<CharacterServices>,
  print: (line: string) => void,
): Promise<number> {
  return runPlainCommand(USAGE, args, print, () =>
    withServices(async (services) => {
      const written = await upsertCharacters(services, LOCAL_PRINCIPAL, SEED_CHARACTERS);
      print(`loaded ${written.map(({ row }) => row.characterName).join(', ')}`);
      return EXIT.done;
    }),
  );
}
