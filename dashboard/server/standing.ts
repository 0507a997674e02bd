import { effect, signal, untracked } from '@preact/signals';
import {
  ActiveAlerts,
  type ActiveAlertsData,
  AlertTold,
  Standing,
  type StandingData,
} from '../operations.ts';
import { ask } from './ask.ts';
import { may, principal } from './session.ts';
import { follow } from './socket.ts';

export type Health = StandingData['health'];
export type ActiveAlert = ActiveAlertsData['activeAlerts'][number];

/** How the promises stand, asked again and again; null before the first answer. */
export const health = signal<Health | null>(null);
/** The dangers that have not ended; null before the first answer, and for who may not know. */
export const activeAlerts = signal<readonly ActiveAlert[] | null>(null);
/** When that was, by a clock that nobody sets (performance.now); 0: never. What is older than a few seconds is not to be trusted. */
export const heardAt = signal<number>(0);
/** The server gave no answer to the latest question. */
export const isAway = signal(false);

const SHOWN_MS = 1_500;
const HIDDEN_MS = 20_000;

// Whoever signs in next begins with nothing.
effect(() => {
  if (principal.value) return;
  health.value = null;
  activeAlerts.value = null;
  heardAt.value = 0;
  isAway.value = false;
});

/** Asks for it as long as somebody is signed in, and at once when a danger begins or ends. @returns ends it */
export function watchStanding(): () => void {
  let timer = 0;
  let isOver = false;
  let isAsking = false;
  const round = async (): Promise<void> => {
    // One at a time: while the database is away an answer takes a while.
    if (isAsking || isOver) return;
    clearTimeout(timer);
    isAsking = true;
    if (principal.value) await read();
    isAsking = false;
    if (!isOver) timer = window.setTimeout(round, document.hidden ? HIDDEN_MS : SHOWN_MS);
  };
  const look = () => {
    if (!document.hidden) void round();
  };
  document.addEventListener('visibilitychange', look);
  // Whoever signs in as somebody else may know other things.
  const endFollowing = effect(() => {
    const mayKnow = may('METRICS');
    const end = untracked(() => {
      activeAlerts.value = null;
      return mayKnow ? followAlerts(look) : null;
    });
    return () => untracked(() => end?.());
  });
  void round();
  return () => {
    isOver = true;
    clearTimeout(timer);
    endFollowing();
    document.removeEventListener('visibilitychange', look);
  };
}

async function read(): Promise<void> {
  const alerts = may('METRICS') ? ask(ActiveAlerts, {}) : null;
  const standing = ask(Standing, {});
  try {
    // The dangers are known without the database, and so at once.
    if (alerts) activeAlerts.value = (await alerts).activeAlerts;
    health.value = (await standing).health;
    heardAt.value = performance.now();
    isAway.value = false;
  } catch {
    isAway.value = true;
    await standing.catch(() => undefined);
  }
}

/** @param look asks how everything stands, after a danger began or ended */
function followAlerts(look: () => void): () => void {
  const onAlert = (alert: ActiveAlert) => {
    note(alert);
    look();
  };
  return follow(
    AlertTold,
    ({ alerts }) => alerts,
    ({ alert }) => onAlert(alert),
    { onGap: look },
  );
}

/** What is told comes before what is asked. */
function note(alert: ActiveAlert): void {
  const others = (activeAlerts.value ?? []).filter(({ name }) => name !== alert.name);
  activeAlerts.value = alert.state === 'RAISED' ? [...others, alert] : others;
}
