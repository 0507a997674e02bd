import { useState } from 'preact/hooks';
import { CreateKey, Keys, type KeysData, RevokeKey, type Role } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { ask } from '../../server/ask.ts';
import { succeeded } from '../../server/problem.ts';
import { credential, runsServer } from '../../server/session.ts';
import { ConfirmButton } from '../../view/confirm.tsx';
import { Empty, Hollow, Page, Panel, Problem, Tag } from '../../view/parts.tsx';
import { place } from '../../view/router.ts';
import { useAct } from '../../view/saying.tsx';
import { Table } from '../../view/table.tsx';
import { Tabs } from '../../view/tabs.tsx';
import { Moment } from '../../view/time.tsx';
import { plain, titled } from '../../view/words.ts';
import { FlagsPanel } from './flags-panel.tsx';
import { TenantsPanel } from './tenants-panel.tsx';

type Key = KeysData['apiKeys'][number];

const ROLES: readonly Role[] = ['USER', 'ANALYST', 'SERVICE', 'ADMIN'];

const KEYS = {
  path: ['access'],
  title: 'Keys',
  intro:
    'Keys open the server to programs and people. A key is shown once, when it is made; the server keeps a hash of it.',
  Panels: KeyPanels,
};
const FLAGS = {
  path: ['access', 'flags'],
  title: 'Feature flags',
  intro: 'Features of your frontends, switched on for some or for all.',
  Panels: FlagsPanel,
};
const TENANTS = {
  path: ['access', 'tenants'],
  title: 'Tenants',
  intro: 'Whom keys and tokens are of. They see nothing of each other.',
  Panels: TenantsPanel,
};

/** Who may come in, and what is switched on for whom. */
export function Access() {
  const [, part] = place.value.parts;
  const tabs = runsServer() ? [KEYS, FLAGS, TENANTS] : [KEYS, FLAGS];
  const { intro, Panels } = tabs.find(({ path }) => path[1] === part) ?? KEYS;
  return (
    <Page title="Access" intro={intro}>
      <Tabs label="Access" tabs={tabs} />
      <Panels />
    </Page>
  );
}

/** Keys are made, seen and revoked. */
function KeyPanels() {
  const { data, problem, again } = useAnswer(Keys, {});
  return (
    <div class="stack">
      <NewKey again={again} />
      <Panel title="Keys">
        <Problem problem={problem} again={again} />
        {!data && !problem && <Hollow rows={3} />}
        {data?.apiKeys.length === 0 && (
          <Empty title="There is no key.">
            {credential.value === null
              ? 'On this machine nobody needs one while access control is off.'
              : 'You are here by a token, or by the key that the operator set.'}
          </Empty>
        )}
        {data && data.apiKeys.length > 0 && <KeyTable keys={data.apiKeys} again={again} />}
      </Panel>
    </div>
  );
}

function KeyTable({ keys, again }: { keys: readonly Key[]; again: () => void }) {
  return (
    <Table headings={['Key', 'User', 'Roles', 'Made', 'Last used', 'Expires']} hasActions>
      {keys.map((key) => (
        <Row key={key.keyId} apiKey={key} again={again} />
      ))}
    </Table>
  );
}

function Row({ apiKey, again }: { apiKey: Key; again: () => void }) {
  const { keyId, name, userId, roles, lastFour, createdAt, createdBy, lastUsedAt, expiresAt, revokedAt } =
    apiKey;
  const { isBusy, act } = useAct();
  const revoke = () =>
    act(async () => {
      succeeded((await ask(RevokeKey, { keyId })).revokeApiKey);
      again();
      return `${name} is revoked: it opens nothing any more.`;
    });
  return (
    <tr>
      <td data-label="">
        <strong>{name}</strong> <code class="soft">…{lastFour}</code>
      </td>
      <td data-label="User">{userId}</td>
      <td data-label="Roles">{roles.map(plain).join(', ')}</td>
      <td data-label="Made">
        <Moment at={createdAt} /> <span class="under">by {createdBy}</span>
      </td>
      <td data-label="Last used">
        <Moment at={lastUsedAt} />
      </td>
      <td data-label="Expires">
        <Moment at={expiresAt} />
      </td>
      <td data-label="">
        {revokedAt ? (
          <Tag tone="warn">revoked</Tag>
        ) : (
          <ConfirmButton label="Revoke" title={`Revoke ${name}?`} isBusy={isBusy} onConfirm={revoke}>
            What shows this key is refused at once, and its subscriptions end within ten seconds. It cannot be
            given back; a new one can be made.
          </ConfirmButton>
        )}
      </td>
    </tr>
  );
}

function NewKey({ again }: { again: () => void }) {
  const [name, setName] = useState('');
  const [userId, setUserId] = useState('');
  const [role, setRole] = useState<Role>('USER');
  const [made, setMade] = useState<string | null>(null);
  const { isBusy, act } = useAct();
  const submit = (event: Event) => {
    event.preventDefault();
    void act(async () => {
      const input = { name: name.trim(), userId: userId.trim() || null, roles: [role] };
      const { key } = succeeded((await ask(CreateKey, { input })).createApiKey);
      setMade(key);
      setName('');
      again();
      return 'The key is made. Copy it now: it is not shown again.';
    });
  };
  return (
    <Panel title="Make a key">
      <form class="filters" onSubmit={submit}>
        <label class="field wide">
          Name
          <input
            value={name}
            required
            placeholder="laptop"
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          User
          <input
            value={userId}
            placeholder="yourself"
            onInput={(event) => setUserId(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          Role
          <select value={role} onChange={(event) => setRole(event.currentTarget.value as Role)}>
            {ROLES.map((each) => (
              <option key={each} value={each}>
                {titled(each)}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="button" data-kind="first" aria-disabled={isBusy}>
          Make it
        </button>
      </form>
      {made && (
        <div class="notice">
          <p class="words">
            <code>{made}</code>
          </p>
          <button type="button" class="button" onClick={() => void act(async () => copied(made))}>
            Copy
          </button>
          <button type="button" class="button" onClick={() => setMade(null)}>
            I have it
          </button>
        </div>
      )}
    </Panel>
  );
}

async function copied(text: string): Promise<string> {
  // Browsers give it to pages over TLS and from their own machine only.
  if (!navigator.clipboard) return 'This browser does not let the page copy; select the key by hand.';
  await navigator.clipboard.writeText(text);
  return 'The key is in the clipboard.';
}
