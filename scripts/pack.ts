import { resolve } from 'node:path';
import { pack } from '../bundle/pack.ts';

/** Puts together what a machine needs that only runs the server; see `npm run pack`. The last line of its output is where it is. */
process.stdout.write(`${await pack(resolve(import.meta.dirname, '..'))}\n`);
