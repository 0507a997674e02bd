import { journalCommand } from '../src/domains/persistence/journal-command.ts';
import { confirmed, runScript } from '../src/ground/command.ts';
import { withServices } from './with-services.ts';

/** Shows, retries and discards what was set apart in the journal; see `npm run journal`. */
await runScript((args, print) => journalCommand(args, withServices, print, confirmed));
