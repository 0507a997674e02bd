import { resolve } from 'node:path';
import { startServer } from '../bundle/start.ts';

/** Runs the server: the bundle of its sources, or the sources themselves; see `npm start`. */
await startServer(resolve(import.meta.dirname, '..'), import.meta.main);
