import { runCommandHere } from './with-services.ts';

/** Makes, lists and verifies backups; see `npm run backup`. */
await runCommandHere('backup');
