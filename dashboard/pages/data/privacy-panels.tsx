import { useState } from 'preact/hooks';
import { EraseUser, type EraseUserData, ExportPage } from '../../operations.ts';
import { ask } from '../../server/ask.ts';
import { succeeded } from '../../server/problem.ts';
import { principal } from '../../server/session.ts';
import { ConfirmButton } from '../../view/confirm.tsx';
import { Panel } from '../../view/parts.tsx';
import { useAct } from '../../view/saying.tsx';
import { count, counted } from '../../view/words.ts';
import { saveFile } from './saved-file.ts';

/** Whose data is meant: one's own, or of a user of the tenant. */
function useUser() {
  const own = principal.value?.userId ?? '';
  const [user, setUser] = useState('');
  const field = principal.value?.mayActForOthers ? (
    <label class="field">
      User
      <input value={user} placeholder={own} onInput={(event) => setUser(event.currentTarget.value)} />
    </label>
  ) : null;
  return { userId: user.trim() || own, field };
}

/** Everything that is kept of a user, as a file. */
export function ExportPanel() {
  const { userId, field } = useUser();
  const { isBusy, act } = useAct();
  const [lines, setLines] = useState(0);
  const run = () =>
    act(async () => {
      const parts: string[] = [];
      let after: string | null = null;
      let manifest: unknown;
      do {
        const { exportUser }: { exportUser: Page } = await ask(ExportPage, { after, userId });
        parts.push(...exportUser.lines.map((line) => `${line}\n`));
        manifest = exportUser.manifest;
        after = exportUser.next;
        setLines(parts.length);
      } while (after !== null);
      saveFile(`${userId}.jsonl`, parts, 'application/x-ndjson');
      saveFile(`${userId}.jsonl.manifest.json`, [JSON.stringify(manifest, null, 2)], 'application/json');
      return `${counted(parts.length, 'line')} of ${userId} are in your downloads, with a manifest that has their hash.`;
    });
  return (
    <Panel title="Export">
      <div class="stack">
        <p>
          Settings, own characters, conversations, turns with their hashes, facts and tasks, one JSON object a
          line. <code>npm run restore</code> takes the file back, on this server or another.
        </p>
        {field}
        <div class="actions">
          <button type="button" class="button" data-kind="first" aria-disabled={isBusy} onClick={run}>
            {isBusy ? `${count(lines)} lines so far` : `Export ${userId}`}
          </button>
        </div>
      </div>
    </Panel>
  );
}
interface Page {
  readonly lines: readonly string[];
  readonly next: string | null;
  readonly manifest: unknown;
}

type Receipt = Extract<EraseUserData['eraseUser'], { readonly __typename: 'EraseUserSuccess' }>;

/** Erases a user for good, and gives the signed receipt. */
export function ErasePanel() {
  const { userId, field } = useUser();
  const { isBusy, act } = useAct();
  const [erased, setErased] = useState<{ userId: string; receipt: Receipt } | null>(null);
  const erase = () =>
    act(async () => {
      const receipt = succeeded((await ask(EraseUser, { confirm: userId, userId })).eraseUser);
      setErased({ userId, receipt });
      return `Everything of ${userId} is erased.`;
    });
  return (
    <Panel title="Erase">
      <div class="stack">
        <p>
          Takes away everything that is kept of a user, for good: turns, facts, vectors, pictures’ insights,
          waiting entries of the journal. A signed receipt says how much it was; it is shown this once.
        </p>
        {field}
        <div class="actions">
          <ConfirmButton
            label={`Erase ${userId}`}
            title={`Erase everything of ${userId}?`}
            typed={userId}
            isBusy={isBusy}
            onConfirm={erase}
          >
            This cannot be taken back. Export first if it may be wanted again.
          </ConfirmButton>
        </div>
        {erased && (
          <>
            <pre class="words code json">{JSON.stringify(erased.receipt.receipt, null, 2)}</pre>
            <button
              type="button"
              class="button"
              onClick={() =>
                saveFile(
                  `receipt-${erased.userId}.json`,
                  [JSON.stringify(erased.receipt, null, 2)],
                  'application/json',
                )
              }
            >
              Save the receipt with its signature
            </button>
          </>
        )}
      </div>
    </Panel>
  );
}
