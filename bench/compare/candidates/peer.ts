import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Loads a package of the folder of the peers. */
export const peer = createRequire(join(process.env.PEERS ?? '', 'package.json')) as <T>(name: string) => T;
