import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedPostgresError } from './error.ts';

export interface Stoppable {
  signal(name: NodeJS.Signals): void;
  isRunning(): Promise<boolean>;
}

/** Fast shutdown, immediate shutdown, and the end of our patience with it. */
const STOP_STEPS = [
  { signal: 'SIGINT', waitMs: 10_000 },
  { signal: 'SIGQUIT', waitMs: 5_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
] as const;

/**
 * Stops a postmaster: fast, then immediately, then by force.
 *
 * @throws EmbeddedPostgresError when even that does not end it
 */
export async function stopProcess(target: Stoppable): Promise<void> {
  for (const step of STOP_STEPS) {
    if (await endsBy(target, step.signal, step.waitMs)) return;
  }
  throw new EmbeddedPostgresError(
    'A PostgreSQL process of the embedded database cannot be stopped, not even by SIGKILL.',
  );
}

/** Sends one signal; returns whether the process was gone within the time. */
export async function endsBy(target: Stoppable, signal: NodeJS.Signals, waitMs: number): Promise<boolean> {
  if (!(await target.isRunning())) return true;
  target.signal(signal);
  for (const start = Date.now(); Date.now() - start < waitMs; ) {
    await delay(10);
    if (!(await target.isRunning())) return true;
  }
  return false;
}
