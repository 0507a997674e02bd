import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/**
 * A button that asks before it does what cannot be taken back.
 *
 * @param name what is read out, where the label stands in each row of a list; it begins with the label
 * @param kind how the button looks that asks; in a list, which has many of them, `bare`
 * @param typed what must be typed in, for what is lost for good
 */
export function ConfirmButton(parts: ConfirmParts) {
  const { label, name, title, kind = 'danger', children, typed, isBusy, onConfirm } = parts;
  /** Which opening of the dialog it is, from 1; 0: it is closed. */
  const [opening, setOpening] = useState(0);
  const openings = useRef(0);
  const [text, setText] = useState('');
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (opening > 0) dialog.current?.showModal();
  }, [opening]);
  const open = () => {
    setText('');
    openings.current += 1;
    setOpening(openings.current);
  };
  const close = () => dialog.current?.close();
  return (
    <>
      <button
        type="button"
        class="button"
        data-kind={kind}
        aria-disabled={isBusy}
        aria-label={name}
        onClick={open}
      >
        {label}
      </button>
      {opening > 0 && (
        // The browser tells that it is closed a while later, when it may have been opened again.
        <dialog
          key={opening}
          ref={dialog}
          aria-label={title}
          onClose={() => setOpening((now) => (now === opening ? 0 : now))}
        >
          <div class="stack">
            <h2>{title}</h2>
            <div>{children}</div>
            {typed !== undefined && (
              <label class="field">
                Type {typed} to go on
                <input
                  value={text}
                  autocomplete="off"
                  onInput={(event) => setText(event.currentTarget.value)}
                />
              </label>
            )}
          </div>
          <div class="actions">
            <button type="button" class="button" onClick={close}>
              Keep it
            </button>
            <button
              type="button"
              class="button"
              data-kind="danger"
              disabled={typed !== undefined && text !== typed}
              onClick={() => {
                close();
                onConfirm();
              }}
            >
              {label}
            </button>
          </div>
        </dialog>
      )}
    </>
  );
}
interface ConfirmParts {
  readonly label: string;
  readonly name?: string;
  readonly title: string;
  readonly kind?: 'danger' | 'bare';
  readonly children: ComponentChildren;
  readonly typed?: string;
  readonly isBusy?: boolean;
  readonly onConfirm: () => void;
}
