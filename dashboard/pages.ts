import type { ComponentType } from 'preact';
import { may } from './server/session.ts';
import type { IconName } from './view/icons.tsx';

export interface PageEntry {
  /** In its address. */
  readonly name: IconName;
  readonly title: string;
  /** Whether who is looking may see anything of it. */
  readonly isShown: () => boolean;
  readonly load: () => Promise<ComponentType>;
}

/** The pages, in the order in which they stand. */
export const PAGES: readonly PageEntry[] = [
  {
    name: 'now',
    title: 'Now',
    isShown: () => may('READ'),
    load: async () => (await import('./pages/now/now.tsx')).Now,
  },
  {
    name: 'memory',
    title: 'Memory',
    isShown: () => may('READ'),
    load: async () => (await import('./pages/memory/memory.tsx')).Memory,
  },
  {
    name: 'tasks',
    title: 'Tasks',
    isShown: () => may('READ'),
    load: async () => (await import('./pages/tasks/tasks.tsx')).Tasks,
  },
  {
    name: 'alerts',
    title: 'Alerts',
    isShown: () => may('METRICS'),
    load: async () => (await import('./pages/alerts/alerts.tsx')).Alerts,
  },
  {
    name: 'objectives',
    title: 'Objectives',
    isShown: () => may('METRICS'),
    load: async () => (await import('./pages/objectives/objectives.tsx')).Objectives,
  },
  {
    name: 'characters',
    title: 'Characters',
    isShown: () => may('READ'),
    load: async () => (await import('./pages/characters/characters.tsx')).Characters,
  },
  {
    name: 'media',
    title: 'Media',
    isShown: () => may('READ'),
    load: async () => (await import('./pages/media/media.tsx')).Media,
  },
  {
    name: 'studio',
    title: 'Studio',
    isShown: () => may('READ'),
    load: async () => (await import('./pages/studio/studio.tsx')).Studio,
  },
  {
    name: 'data',
    title: 'Data',
    isShown: () => may('READ'),
    load: async () => (await import('./pages/data/data.tsx')).Data,
  },
  {
    name: 'business',
    title: 'Business',
    isShown: () => may('ADMIN'),
    load: async () => (await import('./pages/business/business.tsx')).Business,
  },
  {
    name: 'access',
    title: 'Access',
    isShown: () => may('ADMIN'),
    load: async () => (await import('./pages/access/access.tsx')).Access,
  },
];

/** Loads what an address names while the server is asked who is looking. What cannot be loaded now is asked for again, by `load`. */
export function preloadPage(name = 'now'): void {
  PAGES.find((page) => page.name === name)
    ?.load()
    .catch(() => undefined);
}
