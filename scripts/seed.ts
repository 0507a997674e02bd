import { runCommandHere } from './with-services.ts';

/** Loads the seed characters; see `npm run seed`. */
await runCommandHere('seed');
