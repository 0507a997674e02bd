import { reading } from './reading.ts';
import type { Work } from './work.ts';
import { writing } from './writing.ts';

/** What `npm run bench` measures, in this order. */
export const WORKS: readonly Work[] = [reading, writing];
