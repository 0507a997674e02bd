import { Me } from './operations.ts';
import { ask } from './server/ask.ts';
import { ServerProblem } from './server/problem.ts';
import { credential, principal, signInReason, signOut } from './server/session.ts';
import { openSocket } from './server/socket.ts';

const AGAIN_MS = 1_500;

/**
 * Asks the server who is looking, and lets them in.
 *
 * @param shown the key or token; null: where nobody is asked, nobody has to show one
 */
export async function enter(shown: string | null): Promise<void> {
  credential.value = shown;
  try {
    const { me } = await ask(Me, {});
    openSocket();
    signInReason.value = null;
    principal.value = me;
  } catch (error) {
    if (!(error instanceof ServerProblem)) throw error;
    if (error.code === 'UNAUTHENTICATED')
      signOut(
        shown === null ? 'This server asks who you are.' : 'The server does not know this key or token.',
      );
    else if (shown === null && error.isPassing) setTimeout(() => void enter(shown), AGAIN_MS);
    else signOut(error.message);
  }
}
