import { EXIT, runPlainCommand } from '../src/ground/command.ts';
import { runScript } from './run-script.ts';
import { withServices } from './with-services.ts';

const USAGE = `usage: npm run migrate    brings the database of this configuration to the newest version
The server must not be running on the same DATA_DIR.`;

await runScript((args, print) =>
  runPlainCommand(USAGE, args, print, () =>
    withServices(async ({ log }) => {
      log.info('the database is at the newest version');
      return EXIT.done;
    }),
  ),
);
