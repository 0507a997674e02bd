import { useEffect, useRef, useState } from 'preact/hooks';
import type { FactCategory, FactInput, FactShownData } from '../../operations.ts';
import { ServerProblem } from '../../server/problem.ts';
import { TextField } from '../../view/field.tsx';
import { Problem } from '../../view/parts.tsx';
import { useAct } from '../../view/saying.tsx';
import { plain, titled } from '../../view/words.ts';

export const CATEGORIES: readonly FactCategory[] = [
  'IDENTITY',
  'PLACE',
  'WORK',
  'RELATION',
  'PREFERENCE',
  'POSSESSION',
  'HEALTH',
  'PLAN',
  'SKILL',
  'EVENT',
  'OTHER',
];

type Known = NonNullable<FactShownData['fact']>;
/** What is typed in, by the names that the server has for it. */
type Texts = Readonly<Record<keyof FactInput, string>>;

/** What a person enters of a fact. @param fact the one in whose place it comes; null: none */
export function FactForm({ fact, label, send, close }: FactFormParts) {
  const form = useRef<HTMLFormElement>(null);
  const [typed, setTyped] = useState<Partial<Texts>>({});
  const [fault, setFault] = useState<ServerProblem | null>(null);
  const { isBusy, act } = useAct();
  const texts = { ...textsOf(fact, typed), ...typed };
  const faultyField = String(fault?.extensions.field);
  const isAtField = faultyField in texts;
  const fieldNamed = (name: string) => form.current?.querySelector<HTMLElement>(`[name="${name}"]`);
  useEffect(() => fieldNamed('subject')?.focus(), []);
  useEffect(() => {
    if (isAtField) fieldNamed(faultyField)?.focus();
  }, [fault]);
  const submit = (event: Event) => {
    event.preventDefault();
    void act(async () => {
      try {
        setFault(null);
        return await send(inputOf(texts, typed, fact));
      } catch (error) {
        if (!(error instanceof ServerProblem)) throw error;
        setFault(error);
        return undefined;
      }
    });
  };
  /** What every field has of its own. */
  const of = (name: keyof Texts) => ({
    name,
    value: texts[name],
    fault: name === faultyField ? fault : null,
    put: (value: string) => setTyped((before) => ({ ...before, [name]: value })),
  });
  return (
    <form ref={form} class="stack" aria-label={label} onSubmit={submit}>
      <div class="fields">
        <TextField label="Of whom" {...of('subject')} hint="user" />
        <TextField label="What is said" {...of('predicate')} hint="lives in" isNeeded />
        <TextField label="Of what" {...of('object')} hint="Lisbon" isNeeded />
        <label class="field">
          Is it so?
          <select
            name="negated"
            value={texts.negated}
            onChange={(event) => of('negated').put(event.currentTarget.value)}
          >
            <option value="">It is so</option>
            <option value="not ">It is not so</option>
          </select>
        </label>
        <label class="field">
          About
          <select
            name="category"
            value={texts.category}
            onChange={(event) => of('category').put(event.currentTarget.value)}
          >
            <option value="">As is usual for it</option>
            {CATEGORIES.map((name) => (
              <option key={name} value={name}>
                {titled(name)}
              </option>
            ))}
          </select>
        </label>
        <TextField label="True from" {...of('validFrom')} type="date" />
        <TextField label="True until" {...of('validUntil')} type="date" />
      </div>
      <TextField label="In words" {...of('statement')} hint={wordsOf(texts)} />
      {!isAtField && <Problem problem={fault} />}
      <div class="actions">
        <button type="submit" class="button" data-kind="first" aria-disabled={isBusy}>
          {label}
        </button>
        <button type="button" class="button" onClick={close}>
          Leave it
        </button>
      </div>
    </form>
  );
}
interface FactFormParts {
  readonly fact: Known | null;
  /** On the button that sends it. */
  readonly label: string;
  /** @throws ServerProblem, which is shown at its field */
  readonly send: (input: FactInput) => Promise<undefined>;
  readonly close: () => void;
}

/** What stands in the fields before anything is typed. Words and kind of what is changed are those of before no more. */
function textsOf(fact: Known | null, typed: Partial<Texts>): Texts {
  const isSame = !('subject' in typed || 'predicate' in typed || 'object' in typed || 'negated' in typed);
  return {
    subject: fact?.subject ?? '',
    predicate: plain(fact?.predicate ?? ''),
    object: fact?.object ?? '',
    negated: fact?.negated ? 'not ' : '',
    category: fact && !('predicate' in typed) ? fact.category : '',
    validFrom: dayOf(fact?.validFrom),
    validUntil: dayOf(fact?.validUntil),
    statement: fact && isSame ? fact.statement : '',
  };
}

/** The words that the server makes where none are given. */
const wordsOf = ({ subject, negated, predicate, object }: Texts): string =>
  `${subject || 'user'} ${negated}${predicate} ${object}`.trim();

/** What is not typed in is sent as it was: a time is more than its day, a name more than what is shown of it. */
function inputOf(texts: Texts, typed: Partial<Texts>, fact: Known | null): FactInput {
  const instant = (name: 'validFrom' | 'validUntil') =>
    name in typed ? texts[name] && new Date(`${texts[name]}T00:00`).toISOString() : fact?.[name];
  const typedName = texts.predicate.trim().toLowerCase().replaceAll(/\s/g, '_');
  return {
    subject: texts.subject.trim() || null,
    predicate: fact && !('predicate' in typed) ? fact.predicate : typedName,
    object: texts.object.trim(),
    negated: texts.negated !== '',
    category: (texts.category || null) as FactCategory | null,
    validFrom: instant('validFrom') || null,
    validUntil: instant('validUntil') || null,
    statement: texts.statement.trim() || null,
  };
}

/** The day of an instant where the browser is, as a date field has it. */
function dayOf(at: string | null | undefined): string {
  if (!at) return '';
  const here = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${String(here.getFullYear()).padStart(4, '0')}-${two(here.getMonth() + 1)}-${two(here.getDate())}`;
}
