import { backupCommand } from '../src/domains/backups/backup-command.ts';
import { runScript } from '../src/ground/command.ts';
import { withServices } from './with-services.ts';

/** Makes, lists and verifies backups; see `npm run backup`. */
await runScript((args, print) => backupCommand(args, withServices, print));
