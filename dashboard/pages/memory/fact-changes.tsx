import { effect, signal } from '@preact/signals';
import { useRef, useState } from 'preact/hooks';
import {
  AddFact,
  CorrectFact,
  type FactInput,
  type FactShownData,
  RetractFact,
  UndoChange,
} from '../../operations.ts';
import { ask } from '../../server/ask.ts';
import { succeeded } from '../../server/problem.ts';
import { may, principal } from '../../server/session.ts';
import { ConfirmButton } from '../../view/confirm.tsx';
import { Panel } from '../../view/parts.tsx';
import { go, hrefOf } from '../../view/router.ts';
import { useAct } from '../../view/saying.tsx';
import { counted } from '../../view/words.ts';
import { FactForm } from './fact-form.tsx';
import { askedUser } from './user-field.tsx';

type Fact = NonNullable<FactShownData['fact']>;
interface Done {
  readonly fact: { readonly factId: string };
  readonly change: { readonly changeId: string } | null;
}

/** What was done last by hand. */
interface Changed {
  readonly words: string;
  /** By which it is undone; null: nothing changed. */
  readonly changeId: string | null;
  /** On whose page that is told. */
  readonly at: string;
  /** Whose page shows what is so when it is undone. */
  readonly before: string;
}
const changed = signal<Changed | null>(null);
// What one did is not for the next.
effect(() => {
  if (!principal.value) changed.value = null;
});

/** Goes where the fact stands now, whose page tells what was done. */
function tell(words: string, { fact, change }: Done, before = fact.factId): undefined {
  const told = change ? words : 'This is known already: nothing changed.';
  changed.value = { words: told, changeId: change?.changeId ?? null, at: fact.factId, before };
  go(hrefOf(['memory', 'fact', fact.factId]));
}

/** @returns what became of it @throws ServerProblem */
export async function undoChange(changeId: string, done: () => void): Promise<string> {
  const { undoLearningChange } = await ask(UndoChange, { changeId, cascade: false });
  if (undoLearningChange.__typename === 'ChangeBuiltOnError')
    return `${counted(undoLearningChange.changeIds.length, 'later change')} stand on this one. Undo the later ones first.`;
  const { undone } = succeeded(undoLearningChange);
  done();
  return `${counted(undone.length, 'change')} undone.`;
}

/** What was done to this fact last, with the way back. */
export function LastChange({ factId, again }: { factId: string; again: () => void }) {
  const { isBusy, act } = useAct();
  const last = changed.value;
  if (last?.at !== factId) return null;
  const { words, changeId, before } = last;
  const leave = () => {
    changed.value = null;
  };
  const undo = (id: string) =>
    act(() =>
      undoChange(id, () => {
        leave();
        again();
        go(hrefOf(['memory', 'fact', before]));
      }),
    );
  return (
    <div class="notice" data-tone="good" role="alert">
      <p>{words}</p>
      {changeId && (
        <button type="button" class="button" aria-disabled={isBusy} onClick={() => undo(changeId)}>
          Undo this
        </button>
      )}
      <button type="button" class="button" onClick={leave}>
        Leave it so
      </button>
    </div>
  );
}

/** Enters a fact; not there for those who may not. */
export function AddFactPanel() {
  const { opener, isOpen, setOpen, close } = useOpener();
  if (!may('WRITE')) return null;
  const send = async (input: FactInput) =>
    tell('The fact is added.', succeeded((await ask(AddFact, { input, userId: askedUser() })).addFact));
  return (
    <div class="stack below">
      <div class="actions">
        <button
          ref={opener}
          type="button"
          class="button"
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          Add a fact
        </button>
      </div>
      {isOpen && (
        <Panel title="A fact that is not learned" note="Nothing that is learned takes its place">
          <FactForm fact={null} label="Add it" send={send} close={close} />
        </Panel>
      )}
    </div>
  );
}

/** What a person may do with a fact; not there for those who may not. */
export function FactActions({ fact, again }: { fact: Fact; again: () => void }) {
  const { factId, status } = fact;
  const { isBusy, act } = useAct();
  const { opener, isOpen, setOpen, close } = useOpener();
  if (status === 'RETRACTED' || !may('WRITE')) return null;
  const retract = () =>
    act(async () => {
      const done = succeeded((await ask(RetractFact, { factId })).retractFact);
      again();
      return tell('The fact is retracted: it is no longer used to answer.', done);
    });
  const correct = async (input: FactInput) =>
    tell(
      'The fact is corrected; what it said before is kept as history.',
      succeeded((await ask(CorrectFact, { factId, input })).correctFact),
      factId,
    );
  return (
    <div class="stack beneath">
      <div class="actions">
        <button
          ref={opener}
          type="button"
          class="button"
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          Correct
        </button>
        {status === 'ACTIVE' && (
          <ConfirmButton label="Retract" title="Retract this fact?" isBusy={isBusy} onConfirm={retract}>
            It is no longer used to answer. It stays in the history, where this can be undone.
          </ConfirmButton>
        )}
      </div>
      {isOpen && <FactForm fact={fact} label="Correct it" send={correct} close={close} />}
    </div>
  );
}

/** A form behind a button, to which whoever leaves the form comes back. */
function useOpener() {
  const opener = useRef<HTMLButtonElement>(null);
  const [isOpen, setOpen] = useState(false);
  const close = () => {
    setOpen(false);
    opener.current?.focus();
  };
  return { opener, isOpen, setOpen, close };
}
