import { useState } from 'preact/hooks';
import { ResumeTenant, SuspendTenant, Tenants, type TenantsData, TenantUse } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { ask } from '../../server/ask.ts';
import { succeeded } from '../../server/problem.ts';
import { Empty, Hollow, Panel, Problem, Tag } from '../../view/parts.tsx';
import { useAct } from '../../view/saying.tsx';
import { Table } from '../../view/table.tsx';
import { Moment } from '../../view/time.tsx';
import { bytes, count, dollars, titled } from '../../view/words.ts';

type Tenant = TenantsData['tenants'][number];

const EVERY_MS = 10_000;
const DAYS = 7;

/** Who uses the server, within which quotas, and how much. */
export function TenantsPanel() {
  const { data, problem, again } = useAnswer(Tenants, {}, EVERY_MS);
  const [chosen, setChosen] = useState<string | null>(null);
  const tenants = data?.tenants;
  return (
    <div class="stack">
      <Panel title="Tenants" note="Of which something was said">
        <Problem problem={problem} again={again} />
        {!tenants && !problem && <Hollow rows={3} />}
        {tenants?.length === 0 && (
          <Empty title="Nothing is said of any tenant.">
            <code>createTenant</code> gives one a name and quotas; a tenant that a key names is there without.
          </Empty>
        )}
        {tenants && tenants.length > 0 && (
          <Table headings={['Tenant', 'State', 'Quotas']} hasActions>
            {tenants.map((tenant) => (
              <Row
                key={tenant.tenantId}
                tenant={tenant}
                again={again}
                isChosen={tenant.tenantId === chosen}
                choose={() => setChosen((now) => (now === tenant.tenantId ? null : tenant.tenantId))}
              />
            ))}
          </Table>
        )}
      </Panel>
      {chosen !== null && <Use tenantId={chosen} />}
    </div>
  );
}

function Row({ tenant, again, isChosen, choose }: RowParts) {
  const { tenantId, name, suspendedAt, suspendedReason } = tenant;
  return (
    <tr>
      <td data-label="">
        <strong>{name}</strong>
        <div class="under">
          <code>{tenantId}</code>
        </div>
      </td>
      <td data-label="State">
        <Tag tone={suspendedAt ? 'warn' : 'good'}>{suspendedAt ? 'suspended' : 'open'}</Tag>
        {suspendedAt && (
          <div class="under">
            <Moment at={suspendedAt} />: {suspendedReason}
          </div>
        )}
      </td>
      <td data-label="Quotas">{quotasOf(tenant)}</td>
      <td data-label="">
        <div class="actions">
          <button
            type="button"
            class="button"
            aria-pressed={isChosen}
            aria-label={`Use of ${tenantId}`}
            onClick={choose}
          >
            Use
          </button>
          {suspendedAt ? (
            <Resume tenantId={tenantId} again={again} />
          ) : (
            <Suspend tenantId={tenantId} again={again} />
          )}
        </div>
      </td>
    </tr>
  );
}
interface RowParts {
  readonly tenant: Tenant;
  readonly again: () => void;
  readonly isChosen: boolean;
  readonly choose: () => void;
}

function quotasOf(tenant: Tenant): string {
  const { turnsPerDay, tasksPerDay, storageBytes, modelCostPerDay, briefsPerDay, intelligenceLevel } = tenant;
  const words = [
    turnsPerDay !== null && `${count(turnsPerDay)} turns a day`,
    tasksPerDay !== null && `${count(tasksPerDay)} tasks a day`,
    storageBytes !== null && bytes(storageBytes),
    modelCostPerDay !== null && `models ${dollars(modelCostPerDay)} a day`,
    briefsPerDay !== null && `${count(briefsPerDay)} briefs a day`,
    intelligenceLevel !== null && titled(intelligenceLevel),
  ].filter((each) => each !== false);
  return words.length === 0 ? 'none' : words.join(', ');
}

/** Its reason is told to everybody who is refused. */
function Suspend({ tenantId, again }: { tenantId: string; again: () => void }) {
  const [reason, setReason] = useState<string | null>(null);
  const { isBusy, act } = useAct();
  if (tenantId === 'default') return null;
  if (reason === null)
    return (
      <button
        type="button"
        class="button"
        data-kind="danger"
        aria-label={`Suspend ${tenantId}`}
        onClick={() => setReason('')}
      >
        Suspend
      </button>
    );
  const submit = (event: Event) => {
    event.preventDefault();
    void act(async () => {
      succeeded((await ask(SuspendTenant, { input: { tenantId, reason } })).suspendTenant);
      again();
      return `${tenantId} is suspended: it reads, and changes nothing.`;
    });
  };
  return (
    <form class="filters" onSubmit={submit}>
      <label class="field">
        Why, as its users are told
        <input
          value={reason}
          required
          maxLength={500}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="button" data-kind="danger" aria-disabled={isBusy}>
        Suspend {tenantId}
      </button>
      <button type="button" class="button" onClick={() => setReason(null)}>
        Leave it
      </button>
    </form>
  );
}

function Resume({ tenantId, again }: { tenantId: string; again: () => void }) {
  const { isBusy, act } = useAct();
  const resume = () =>
    act(async () => {
      succeeded((await ask(ResumeTenant, { tenantId })).resumeTenant);
      again();
      return `${tenantId} goes on.`;
    });
  return (
    <button
      type="button"
      class="button"
      aria-disabled={isBusy}
      aria-label={`Resume ${tenantId}`}
      onClick={resume}
    >
      Resume
    </button>
  );
}

/** What a tenant used, by day, and what of it is stored. */
function Use({ tenantId }: { tenantId: string }) {
  const { data, problem, again } = useAnswer(TenantUse, { tenantId, days: DAYS });
  const stored = data?.tenantStorage.reduce((sum, { bytes: each }) => sum + each, 0) ?? 0;
  return (
    <Panel title={`Use of ${tenantId}`} note={data ? `${bytes(stored)} stored` : undefined}>
      <Problem problem={problem} again={again} />
      {!data && !problem && <Hollow rows={DAYS} />}
      {data && (
        <Table
          headings={[
            'Day (UTC)',
            ...['Turns', 'Tasks', 'Tokens', 'Cost of models'].map((figures) => ({ figures })),
          ]}
        >
          {data.tenantUsage
            .toReversed()
            .map(({ day, turns, tasks, tokensIn, tokensOut, cost, unknownCosts }) => (
              <tr key={day}>
                <td data-label="">{day}</td>
                <td class="number" data-label="Turns">
                  {count(turns)}
                </td>
                <td class="number" data-label="Tasks">
                  {count(tasks)}
                </td>
                <td class="number" data-label="Tokens">
                  {count(tokensIn + tokensOut)}
                </td>
                <td class="number" data-label="Cost of models">
                  {cost === null ? '–' : dollars(cost)}
                  {unknownCosts > 0 && <div class="under">unknown of {count(unknownCosts)}</div>}
                </td>
              </tr>
            ))}
        </Table>
      )}
    </Panel>
  );
}
