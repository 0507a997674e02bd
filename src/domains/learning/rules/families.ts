import { attributes } from './attributes.ts';
import { corrections } from './corrections.ts';
import { events } from './events.ts';
import type { Family } from './family.ts';
import { french } from './french.ts';
import { german } from './german.ts';
import { health } from './health.ts';
import { identity } from './identity.ts';
import { japanese } from './japanese.ts';
import { pets } from './pets.ts';
import { plans } from './plans.ts';
import { possessions } from './possessions.ts';
import { preferences } from './preferences.ts';
import { relations } from './relations.ts';
import { residence } from './residence.ts';
import { skills } from './skills.ts';
import { spanish } from './spanish.ts';
import { studies } from './studies.ts';
import { workFamily } from './work.ts';

/** All families of rules. Of what two find in the same words, the earlier one's is kept. */
export const FAMILIES: readonly Family[] = [
  corrections,
  identity,
  residence,
  health,
  relations,
  pets,
  workFamily,
  studies,
  plans,
  preferences,
  possessions,
  skills,
  attributes,
  german,
  french,
  spanish,
  japanese,
  events,
];
