import { useEffect, useState } from 'preact/hooks';
import { go, hrefOf, place } from './router.ts';
import { titled } from './words.ts';

const PAUSE_MS = 350;

/** What is asked of this place; kept in its address, so that it can be gone back to and passed on. */
export function asked(name: string): string {
  return place.value.search.get(name) ?? '';
}

/** Changes what is asked of this place. */
export function askFor(name: string, value: string): void {
  const search = Object.fromEntries(place.value.search);
  go(hrefOf(place.value.parts, { ...search, [name]: value }), 'replace');
}

/** A field whose text is asked of this place, once its writer pauses. */
export function SearchField({ name, label, hint = '' }: { name: string; label: string; hint?: string }) {
  const value = asked(name);
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (text.trim() !== value) askFor(name, text.trim());
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [name, text, value]);
  return (
    <label class="field wide">
      {label}
      <input
        type="search"
        value={text}
        placeholder={hint}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </label>
  );
}

/** One of a few. */
export function ChoiceField({ name, label, choices }: ChoiceParts) {
  return (
    <label class="field">
      {label}
      <select value={asked(name)} onChange={(event) => askFor(name, event.currentTarget.value)}>
        {choices.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
interface ChoiceParts {
  readonly name: string;
  readonly label: string;
  readonly choices: readonly (readonly [value: string, words: string])[];
}

/** Which state the things of a list have that are shown. @param name of what is asked of the place */
export function StateField({ name = 'status', states }: { name?: string; states: readonly string[] }) {
  const named = states.map((state) => [state, titled(state)] as const);
  return <ChoiceField name={name} label="State" choices={[['', 'Any'], ...named]} />;
}
