import { tasksCommand } from '../src/domains/tasks/tasks-command.ts';
import { runScript } from '../src/ground/command.ts';
import { withServices } from './with-services.ts';

/** Lists, shows, runs and cancels background tasks; see `npm run tasks`. */
await runScript((args, print) => tasksCommand(args, withServices, print));
