import { openStandalone } from '../src/app.ts';

/** Brings the database of this configuration to the newest version, then ends. */
const { services, close } = await openStandalone();
services.log.info('the database is at the newest version');
await close();
