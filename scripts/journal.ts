import { runCommandHere } from './with-services.ts';

/** Shows, retries and discards what was set apart in the journal; see `npm run journal`. */
await runCommandHere('journal');
