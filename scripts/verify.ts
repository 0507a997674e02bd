import { runCommandHere } from './with-services.ts';

/** Checks the hash chain of every conversation; see `npm run verify`. */
await runCommandHere('verify');
