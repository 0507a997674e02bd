import { verifyCommand } from '../src/domains/interactions/verify-command.ts';
import { runScript } from '../src/ground/command.ts';
import { withServices } from './with-services.ts';

/** Checks the hash chain of every conversation; see `npm run verify`. */
await runScript((args, print) => verifyCommand(args, withServices, print));
