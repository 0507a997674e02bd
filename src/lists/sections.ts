import { ownBriefs } from '../domains/briefs/sections.ts';
import { ownCardFiles, ownCards } from '../domains/characters/cards-sections.ts';
import { ownCharacterChanges } from '../domains/characters/changes-sections.ts';
import { ownCharacters } from '../domains/characters/sections.ts';
import { factChanges, facts } from '../domains/facts/sections.ts';
import { ownGenerations } from '../domains/generations/sections.ts';
import { goals } from '../domains/goals/sections.ts';
import { conversations } from '../domains/interactions/sections.ts';
import { media } from '../domains/media-insights/sections.ts';
import { ownBusiness } from '../domains/partners/sections.ts';
import { billed } from '../domains/payments/sections.ts';
import { ownAssemblies } from '../domains/projects/assemblies-sections.ts';
import { keptFiles } from '../domains/projects/kept-sections.ts';
import { ownProjects } from '../domains/projects/sections.ts';
import { settings } from '../domains/settings/sections.ts';
import { ownTasks } from '../domains/tasks/sections.ts';
import { webhooks } from '../domains/webhooks/sections.ts';
import type { Services } from '../graphql/context.ts';
import type { Section } from '../ground/section.ts';

/** What an export is made of, in its order: what others name comes before them. */
export const SECTIONS: readonly Section<Services>[] = [
  settings,
  // Turns name the characters that they mention.
  ownCharacters,
  ownCards,
  ownCardFiles,
  ownCharacterChanges,
  // Pictures name the character that they show, segments of projects the pictures.
  ownGenerations,
  // Projects name the characters that appear in them.
  ownProjects,
  ownAssemblies,
  goals,
  conversations,
  // Who is in a picture is a character by name.
  media,
  // Facts quote turns and pictures.
  facts,
  factChanges,
  // By then it is known what they are.
  keptFiles,
  ownTasks,
  ownBriefs,
  billed,
  ownBusiness,
  webhooks,
];
