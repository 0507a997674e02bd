import type { Family } from './family.ts';
import { preferences } from './preferences.ts';
import { residence } from './residence.ts';

/** All families of rules, in the order in which their findings stand. */
export const FAMILIES: readonly Family[] = [residence, preferences];
