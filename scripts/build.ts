import { resolve } from 'node:path';
import { makeBundle } from '../bundle/bundle.ts';

/** Makes the bundle that `npm start` runs; see `npm run build`. */
process.stdout.write(`${await makeBundle(resolve(import.meta.dirname, '..'))}\n`);
