import { signal } from '@preact/signals';
import { Standing, type StandingData } from '../operations.ts';
import { ask } from './ask.ts';
import { principal } from './session.ts';

export type Health = StandingData['health'];

/** How the promises stand, asked again and again; null before the first answer. */
export const health = signal<Health | null>(null);
/** When that was; what is older than a few seconds is not to be trusted. */
export const heardAt = signal<number>(0);
/** The server gave no answer to the latest question. */
export const isAway = signal(false);

const SHOWN_MS = 1_500;
const HIDDEN_MS = 20_000;

/** Asks for it as long as somebody is signed in. @returns ends it */
export function watchStanding(): () => void {
  let timer = 0;
  let isOver = false;
  const round = async (): Promise<void> => {
    if (principal.value) {
      try {
        health.value = (await ask(Standing, {})).health;
        heardAt.value = Date.now();
        isAway.value = false;
      } catch {
        isAway.value = true;
      }
    }
    if (!isOver) timer = window.setTimeout(round, document.hidden ? HIDDEN_MS : SHOWN_MS);
  };
  const look = () => {
    if (document.hidden) return;
    clearTimeout(timer);
    void round();
  };
  document.addEventListener('visibilitychange', look);
  void round();
  return () => {
    isOver = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', look);
  };
}
