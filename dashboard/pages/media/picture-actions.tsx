import { useState } from 'preact/hooks';
import { ForgetMedia, type MediaShownData, TagMedia } from '../../operations.ts';
import { ask } from '../../server/ask.ts';
import { ServerProblem, succeeded } from '../../server/problem.ts';
import { may } from '../../server/session.ts';
import { ConfirmButton } from '../../view/confirm.tsx';
import { TextField } from '../../view/field.tsx';
import { Tag } from '../../view/parts.tsx';
import { useAct } from '../../view/saying.tsx';

type TagShown = NonNullable<MediaShownData['mediaInsight']>['tags'][number];

/**
 * Forgets what is known of a picture; not there for those who may not.
 *
 * @param gone called when it is not known any more, also because somebody else was faster
 */
export function ForgetButton({ fileHash, name, gone }: ForgetParts) {
  const { isBusy, act } = useAct();
  if (!may('WRITE')) return null;
  const forget = () =>
    act(async () => {
      const { forgetMedia } = await ask(ForgetMedia, { fileHash });
      if (forgetMedia.__typename === 'NotFoundError') gone();
      succeeded(forgetMedia);
      gone();
      return `${name} is forgotten.`;
    });
  return (
    <ConfirmButton label="Forget" title={`Forget ${name}?`} isBusy={isBusy} onConfirm={forget}>
      What is known of it goes for good, with its tags and thumbnails. This cannot be undone. Its files stay
      where they are; indexed again, they are new.
    </ConfirmButton>
  );
}
interface ForgetParts {
  readonly fileHash: string;
  readonly name: string;
  readonly gone: () => void;
}

/** What a picture is tagged with. What a person gave is taken away again, what a model or a rule says stays. */
export function Tags({ fileHash, tags, put }: TagsParts) {
  const { isBusy, act } = useAct();
  const take = (name: string) =>
    act(async () => {
      const { tagMedia } = await ask(TagMedia, { input: { fileHash, remove: [name] } });
      put(succeeded(tagMedia).insight.tags);
      return `${name} is taken away.`;
    });
  const mayTag = may('WRITE');
  return (
    <>
      <ul class="tags">
        {tags.map(({ name, origin }) => (
          <li key={name} class="tags">
            <Tag>{name}</Tag>
            {mayTag && origin === 'PERSON' && (
              <button
                type="button"
                class="button"
                data-kind="bare"
                aria-disabled={isBusy}
                aria-label={`Take ${name} away`}
                onClick={() => take(name)}
              >
                ✕
              </button>
            )}
          </li>
        ))}
      </ul>
      {mayTag && <NewTag fileHash={fileHash} put={put} />}
    </>
  );
}
interface TagsParts {
  readonly fileHash: string;
  readonly tags: readonly TagShown[];
  readonly put: (tags: readonly TagShown[]) => void;
}

function NewTag({ fileHash, put }: Omit<TagsParts, 'tags'>) {
  const [text, setText] = useState('');
  const [fault, setFault] = useState<ServerProblem | null>(null);
  const { isBusy, act } = useAct();
  const submit = (event: Event) => {
    event.preventDefault();
    void act(async () => {
      setFault(null);
      const { tagMedia } = await ask(TagMedia, { input: { fileHash, add: [text.trim()] } });
      try {
        put(succeeded(tagMedia).insight.tags);
      } catch (error) {
        if (!(error instanceof ServerProblem) || !error.extensions.field) throw error;
        setFault(error);
        return undefined;
      }
      setText('');
      return 'The tag is given.';
    });
  };
  return (
    <form class="filters" onSubmit={submit}>
      <TextField label="One more tag" name="tag" value={text} fault={fault} put={setText} isNeeded />
      <button type="submit" class="button" aria-disabled={isBusy}>
        Tag it
      </button>
    </form>
  );
}
