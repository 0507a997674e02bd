import { useState } from 'preact/hooks';
import { enter } from './enter.ts';
import { Mark } from './view/icons.tsx';

/** Asks for a key or a token, where the server wants one. */
export function SignIn({ reason }: { reason: string }) {
  const [shown, setShown] = useState('');
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    await enter(shown.trim());
    setBusy(false);
  };
  return (
    <main class="sign-in">
      <form onSubmit={submit}>
        <span class="brand">
          <Mark /> Echo Brain
        </span>
        <h1>Sign in</h1>
        <p role="status">{reason}</p>
        <label class="field">
          Key or token
          <input
            type="password"
            name="credential"
            autocomplete="current-password"
            required
            value={shown}
            onInput={(event) => setShown(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button" data-kind="first" aria-disabled={isBusy}>
          {isBusy ? 'Asking …' : 'Sign in'}
        </button>
        <p class="soft">
          It stays in the memory of this page: nothing is stored, so that loading the page again asks again.
          An admin makes keys with <code>createApiKey</code>, or with <code>npm run keys</code> on the machine
          of the server.
        </p>
      </form>
    </main>
  );
}
