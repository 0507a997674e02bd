import { type ServerProblem, sentence } from '../server/problem.ts';

/** A field, and below it what the server says of it. */
export function TextField({ label, name, value, fault, put, hint, isNeeded, type = 'text' }: TextParts) {
  return (
    <div>
      <label class="field">
        {label}
        <input
          name={name}
          // Both are texts to the page; the browser has another field for a day.
          type={type as 'text'}
          value={value}
          placeholder={hint}
          required={isNeeded}
          autocomplete="off"
          aria-invalid={fault !== null}
          aria-describedby={fault ? `fault-${name}` : undefined}
          onInput={(event) => put(event.currentTarget.value)}
        />
      </label>
      {fault && (
        <p id={`fault-${name}`} class="fault">
          {sentence(fault.message.replace(/^[\w.]+: /, '').replace('validFrom', '“True from”'))}
        </p>
      )}
    </div>
  );
}
interface TextParts {
  readonly label: string;
  readonly name: string;
  readonly value: string;
  readonly fault: ServerProblem | null;
  readonly put: (value: string) => void;
  readonly hint?: string;
  readonly isNeeded?: boolean;
  readonly type?: 'text' | 'date';
}
