import { runCommandHere } from './with-services.ts';

/** Lists, shows, runs and cancels background tasks; see `npm run tasks`. */
await runCommandHere('tasks');
