import { runStandalone } from '../src/app.ts';

/** Brings the database of this configuration to the newest version, then ends. */
await runStandalone(async ({ log }) => log.info('the database is at the newest version'));
