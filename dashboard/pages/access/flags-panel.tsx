import { DeleteFlag, Flags, type FlagsData, SetFlag } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { ask } from '../../server/ask.ts';
import { succeeded } from '../../server/problem.ts';
import { ConfirmButton } from '../../view/confirm.tsx';
import { Empty, Hollow, Panel, Problem, Tag } from '../../view/parts.tsx';
import { useAct } from '../../view/saying.tsx';
import { Table } from '../../view/table.tsx';
import { Moment } from '../../view/time.tsx';
import { counted, plain } from '../../view/words.ts';

type Flag = FlagsData['featureFlags'][number];

const EVERY_MS = 10_000;

/** For whom features of frontends are on. */
export function FlagsPanel() {
  const { data, problem, again } = useAnswer(Flags, {}, EVERY_MS);
  const flags = data?.featureFlags;
  return (
    <Panel title="Feature flags" note="Seen on every server within two seconds">
      <Problem problem={problem} again={again} />
      {!flags && !problem && <Hollow rows={3} />}
      {flags?.length === 0 && (
        <Empty title="There is no flag.">
          <code>setFeatureFlag</code> makes one; frontends ask <code>featureFlag</code> how it is for their
          user.
        </Empty>
      )}
      {flags && flags.length > 0 && (
        <Table headings={['Flag', 'State', 'For', 'Until', 'Changed']} hasActions>
          {flags.map((flag) => (
            <Row key={flag.key} flag={flag} again={again} />
          ))}
        </Table>
      )}
    </Panel>
  );
}

function Row({ flag, again }: { flag: Flag; again: () => void }) {
  const { key, description, enabled, expiresAt, updatedAt } = flag;
  const { isBusy, act } = useAct();
  const turn = () =>
    act(async () => {
      const { flag: now } = succeeded(
        (await ask(SetFlag, { input: { key, enabled: !enabled } })).setFeatureFlag,
      );
      again();
      return `${key} is ${now.enabled ? 'on' : 'off for everybody'}.`;
    });
  const remove = () =>
    act(async () => {
      succeeded((await ask(DeleteFlag, { key })).deleteFeatureFlag);
      again();
      return `${key} is gone.`;
    });
  return (
    <tr>
      <td data-label="">
        <code>{key}</code>
        <div class="under">{description}</div>
      </td>
      <td data-label="State">
        <Tag tone={enabled ? 'good' : 'quiet'}>{enabled ? 'on' : 'off'}</Tag>
      </td>
      <td data-label="For">{whoOf(flag)}</td>
      <td data-label="Until">
        <Moment at={expiresAt} />
      </td>
      <td data-label="Changed">
        <Moment at={updatedAt} />
      </td>
      <td data-label="">
        <button
          type="button"
          class="button"
          aria-disabled={isBusy}
          aria-label={`Switch ${key} ${enabled ? 'off' : 'on'}`}
          onClick={turn}
        >
          {enabled ? 'Switch off' : 'Switch on'}
        </button>
        <ConfirmButton label="Delete" title={`Delete ${key}?`} isBusy={isBusy} onConfirm={remove}>
          It is off for everybody then, and whom it named is forgotten.
        </ConfirmButton>
      </td>
    </tr>
  );
}

/** Whom it is on for, in words. */
function whoOf({ percentage, roles, tenants, users }: Flag): string {
  const named = [
    users.length > 0 && counted(users.length, 'user'),
    tenants.length > 0 && counted(tenants.length, 'tenant'),
    roles.length > 0 && roles.map(plain).join(', '),
  ].filter((words) => words !== false);
  return [...named, `${percentage} % of ${named.length > 0 ? 'the others' : 'everybody'}`].join(', ');
}
