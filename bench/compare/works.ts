import { doors } from './doors.ts';
import { others } from './others.ts';
import { reading } from './reading.ts';
import { searching } from './searching.ts';
import { starting } from './starting.ts';
import { telling } from './telling.ts';
import type { Work } from './work.ts';
import { writing } from './writing.ts';

/** What `npm run bench` measures, in this order. */
export const WORKS: readonly Work[] = [reading, searching, writing, telling, doors, starting, others];
