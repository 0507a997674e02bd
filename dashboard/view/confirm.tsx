import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** A button that asks before it does what cannot be taken back. @param typed what must be typed in, for what is lost for good */
export function ConfirmButton({ label, title, children, typed, isBusy, onConfirm }: ConfirmParts) {
  const [isOpen, setOpen] = useState(false);
  const [text, setText] = useState('');
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
  }, [isOpen]);
  const close = () => dialog.current?.close();
  return (
    <>
      <button
        type="button"
        class="button"
        data-kind="danger"
        aria-disabled={isBusy}
        onClick={() => setOpen(true)}
      >
        {label}
      </button>
      {isOpen && (
        <dialog ref={dialog} aria-label={title} onClose={() => setOpen(false)}>
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
  readonly title: string;
  readonly children: ComponentChildren;
  readonly typed?: string;
  readonly isBusy?: boolean;
  readonly onConfirm: () => void;
}
