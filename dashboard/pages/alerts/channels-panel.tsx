import { AlertChannels, type AlertChannelsData, TestAlertChannel } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { ask } from '../../server/ask.ts';
import { succeeded } from '../../server/problem.ts';
import { Hollow, Panel, Problem, Tag } from '../../view/parts.tsx';
import { useAct } from '../../view/saying.tsx';
import { Ago } from '../../view/time.tsx';
import { counted, plain } from '../../view/words.ts';

type Channel = AlertChannelsData['alertChannels'][number];

const EVERY_MS = 10_000;

/** Who is told of alerts, in their order, whether that works, and a try of each. */
export function ChannelsPanel() {
  const { data, problem, again } = useAnswer(AlertChannels, {}, EVERY_MS);
  const isAlone = data?.alertChannels.every(({ kind }) => kind === 'LOG') ?? false;
  return (
    <Panel title="Channels" note="The next one is told where one is away, or nobody acknowledges">
      <Problem problem={problem} again={again} />
      {!data && !problem && <Hollow rows={2} />}
      {data && (
        <ul class="stack">
          {data.alertChannels.map((channel) => (
            <Row key={channel.name} channel={channel} onTried={again} />
          ))}
        </ul>
      )}
      {isAlone && (
        <p class="under">
          Only the log is told. <code>TELEGRAM_BOT_TOKEN</code>, <code>SMTP_URL</code> or{' '}
          <code>ALERT_WEBHOOK_URL</code> have somebody told; docs/alerts.md says how.
        </p>
      )}
    </Panel>
  );
}

function Row({ channel, onTried }: { channel: Channel; onTried: () => void }) {
  const { name, kind, position, waiting, lastDeliveredAt, lastFailedAt, lastError, pausedUntil } = channel;
  const isFailing =
    lastFailedAt !== null &&
    (lastDeliveredAt === null || Date.parse(lastFailedAt) > Date.parse(lastDeliveredAt));
  return (
    <li>
      <p class="tags">
        <strong>{name}</strong>
        {plain(kind) !== name && <span class="soft">{plain(kind)}</span>}
        {position !== null && <Tag tone="quiet">number {position}</Tag>}
        {isFailing && <Tag tone="bad">fails</Tag>}
        {pausedUntil !== null && <Tag tone="warn">paused</Tag>}
        {waiting > 0 && <Tag tone="warn">{counted(waiting, 'message')} waiting</Tag>}
        <Try name={name} onTried={onTried} />
      </p>
      <p class="under">
        {lastDeliveredAt === null ? (
          'No message was delivered yet.'
        ) : (
          <>
            delivered <Ago at={lastDeliveredAt} />
          </>
        )}
        {lastFailedAt !== null && (
          <>
            {' '}
            failed <Ago at={lastFailedAt} />: {lastError}
          </>
        )}
      </p>
    </li>
  );
}

function Try({ name, onTried }: { name: string; onTried: () => void }) {
  const { isBusy, act } = useAct();
  const run = () =>
    act(async () => {
      const { delivery } = succeeded((await ask(TestAlertChannel, { name })).testAlertChannel);
      onTried();
      return delivery.status === 'DELIVERED'
        ? `${name} took a message.`
        : `${name} did not take a message: ${delivery.lastError ?? 'it says nothing'}`;
    });
  return (
    <button type="button" class="button" aria-disabled={isBusy} aria-label={`Try ${name}`} onClick={run}>
      Try
    </button>
  );
}
