import { schedulesCommand } from '../src/domains/schedules/schedules-command.ts';
import { runScript } from '../src/ground/command.ts';
import { withServices } from './with-services.ts';

/** Lists, pauses, resumes and triggers what the server does by itself; see `npm run schedules`. */
await runScript((args, print) => schedulesCommand(args, withServices, print));
