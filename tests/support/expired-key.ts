import { setTimeout as sleep } from 'node:timers/promises';
import { atSomePace } from './pace.ts';

/** A key whose time is over. No key can be made that is: a machine that is too busy for one of a second gets a longer one. */
export async function expiredKey<T>(make: (expiresAt: string) => Promise<T>): Promise<T> {
  let made: T | undefined;
  await atSomePace(async (pace) => {
    const expiresAt = Date.now() + 1_000 * pace;
    made = await make(new Date(expiresAt).toISOString());
    await sleep(expiresAt + 100 - Date.now());
  });
  return made as T;
}
