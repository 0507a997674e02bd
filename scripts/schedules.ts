import { runCommandHere } from './with-services.ts';

/** Lists, pauses, resumes and triggers what the server does by itself; see `npm run schedules`. */
await runCommandHere('schedules');
