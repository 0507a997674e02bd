import { ownCharacters } from '../domains/characters/sections.ts';
import { goals } from '../domains/goals/sections.ts';
import { conversations } from '../domains/interactions/sections.ts';
import { settings } from '../domains/settings/sections.ts';
import { ownTasks } from '../domains/tasks/sections.ts';
import type { Services } from '../graphql/context.ts';
import type { Section } from '../ground/section.ts';

/** What an export is made of, in its order: what others name comes before them. */
export const SECTIONS: readonly Section<Services>[] = [
  settings,
  // Turns name the characters that they mention.
  ownCharacters,
  goals,
  conversations,
  ownTasks,
];
