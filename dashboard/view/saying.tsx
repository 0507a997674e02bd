import { effect, signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { ServerProblem } from '../server/problem.ts';
import { principal } from '../server/session.ts';

interface Said {
  readonly id: number;
  readonly text: string;
}

const said = signal<readonly Said[]>([]);
const SHOWN_MS = 8_000;
let last = 0;
// What was told to one is not for the next.
effect(() => {
  if (!principal.value) said.value = [];
});

/** Tells what became of something that was done; also to those who hear the page. */
export function say(text: string): void {
  last += 1;
  const id = last;
  said.value = [...said.value.slice(-2), { id, text }];
  setTimeout(() => unsay(id), SHOWN_MS);
}

function unsay(id: number): void {
  said.value = said.value.filter((each) => each.id !== id);
}

export function Saying() {
  return (
    <div class="said" role="status">
      {said.value.map(({ id, text }) => (
        <div key={id}>
          <p>{text}</p>
          <button type="button" aria-label="Dismiss" onClick={() => unsay(id)}>
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}

/** Does one thing at a time, and says why it did not succeed. */
export function useAct(): {
  isBusy: boolean;
  act: (work: () => Promise<string | undefined>) => Promise<void>;
} {
  const [isBusy, setBusy] = useState(false);
  const act = async (work: () => Promise<string | undefined>) => {
    if (isBusy) return;
    setBusy(true);
    try {
      const words = await work();
      if (words) say(words);
    } catch (error) {
      say(error instanceof ServerProblem ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, act };
}
