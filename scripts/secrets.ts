import { secretsCommand } from '../src/domains/credentials/secrets-command.ts';
import { runScript } from '../src/ground/command.ts';
import { withServices } from './with-services.ts';

/** Keeps credentials, and enrols authenticators; see `npm run secrets`. */
await runScript((args, print) => secretsCommand(args, withServices, process.stdin, print));
