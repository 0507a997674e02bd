import { keysCommand } from '../src/domains/principals/keys-command.ts';
import { runScript } from '../src/ground/command.ts';
import { withServices } from './with-services.ts';

/** Makes, lists and revokes API keys; see `npm run keys`. */
await runScript((args, print) => keysCommand(args, withServices, print));
