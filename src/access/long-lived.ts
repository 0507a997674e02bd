import { EchoError } from '../errors.ts';
import type { Principal } from './principals.ts';

/** Milliseconds between looks at whether those who are connected still may be. */
const RECHECK_MS = 10_000;

/**
 * A key that is revoked, or a token that expires, ends what it opened.
 *
 * @param end called once the caller is refused
 * @returns a timer for the caller to clear; undefined where nothing was shown, so nothing can expire
 */
export function keepChecking(
  authenticate: () => Promise<Principal>,
  { credential }: Principal,
  end: () => void,
): NodeJS.Timeout | undefined {
  if (credential === null) return undefined;
  const check = () =>
    authenticate().catch((error: unknown) => {
      // What cannot be checked now is checked again.
      if (error instanceof EchoError && !error.retryable) end();
    });
  return setInterval(() => void check(), RECHECK_MS).unref();
}
