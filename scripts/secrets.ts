import { runCommandHere } from './with-services.ts';

/** Keeps credentials, and enrols authenticators; see `npm run secrets`. */
await runCommandHere('secrets');
