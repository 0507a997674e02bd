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

/** One that hangs does not hear the first, and may not hear the second. */
const HUNG_STEPS = [
  { signal: 'SIGQUIT', waitMs: 2_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
] as const;

/**
 * Stops a postmaster: fast, then immediately, then by force.
 *
 * @throws EmbeddedPostgresError when even that does not end it
 */
export async function stopProcess(target: Stoppable): Promise<void> {
  await stopBy(target, STOP_STEPS);
}

/**
 * Ends a postmaster that hangs, as a crash would: what it had committed is recovered at its next start.
 *
 * @throws EmbeddedPostgresError when even force does not end it
 */
export async function endHung(target: Stoppable): Promise<void> {
  await stopBy(target, HUNG_STEPS);
}

async function stopBy(
  target: Stoppable,
  steps: readonly { readonly signal: NodeJS.Signals; readonly waitMs: number }[],
): Promise<void> {
  for (const step of steps) {
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
