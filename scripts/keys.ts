import { runCommandHere } from './with-services.ts';

/** Makes, lists and revokes API keys; see `npm run keys`. */
await runCommandHere('keys');
