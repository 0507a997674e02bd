import { runCommandHere } from './with-services.ts';

/** Prints or checks the audit log; see `npm run audit`. */
await runCommandHere('audit');
