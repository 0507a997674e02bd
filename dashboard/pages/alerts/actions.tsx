import { AcknowledgeAlert, type AlertsInProgressData, ResolveAlert, SnoozeAlert } from '../../operations.ts';
import { ask } from '../../server/ask.ts';
import { succeeded } from '../../server/problem.ts';
import { runsServer } from '../../server/session.ts';
import { Tag } from '../../view/parts.tsx';
import { useAct } from '../../view/saying.tsx';
import { Moment } from '../../view/time.tsx';
import { titled } from '../../view/words.ts';

export type Progress = AlertsInProgressData['activeAlerts'][number];

const SNOOZE_MINUTES = 60;

/** How far people are with an alert, and who was told of it. */
export function AlertProgress({ progress: { status, snoozedUntil, told } }: { progress: Progress }) {
  return (
    <>
      {status === 'ACKNOWLEDGED' && <Tag tone="sea">acknowledged</Tag>}
      {status === 'SNOOZED' && (
        <Tag tone="quiet">
          snoozed
          {snoozedUntil && (
            <>
              {' '}
              until <Moment at={snoozedUntil} />
            </>
          )}
        </Tag>
      )}
      {told.length > 0 && <span class="soft">told: {told.join(', ')}</span>}
    </>
  );
}

/** What can be done with an alert that is not over; nothing while it is not stored. */
export function AlertActions({
  name,
  progress: { alertId, status },
  onChange,
}: {
  name: string;
  progress: Progress;
  onChange: () => void;
}) {
  const { isBusy, act } = useAct();
  if (!runsServer() || alertId === null || status === null || status === 'RESOLVED') return null;
  const doing = (what: () => Promise<unknown>, done: string) => () =>
    act(async () => {
      await what();
      onChange();
      return `${titled(name)}: ${done}`;
    });
  const acknowledge = doing(
    async () => succeeded((await ask(AcknowledgeAlert, { alertId })).acknowledgeAlert),
    'acknowledged. Nobody else is told of it.',
  );
  const snooze = doing(
    async () => succeeded((await ask(SnoozeAlert, { alertId, minutes: SNOOZE_MINUTES })).snoozeAlert),
    'left alone for an hour, and told again if it lasts.',
  );
  const resolve = doing(
    async () => succeeded((await ask(ResolveAlert, { alertId })).resolveAlert),
    'resolved. It is raised again if a server still sees the danger.',
  );
  const actions = [
    ...(status === 'ACKNOWLEDGED' ? [] : [{ words: 'Acknowledge', run: acknowledge }]),
    { words: 'Snooze 1 h', run: snooze },
    { words: 'Resolve', run: resolve },
  ];
  return (
    <span class="tags">
      {actions.map(({ words, run }) => (
        <button
          key={words}
          type="button"
          class="button"
          aria-disabled={isBusy}
          aria-label={`${words} ${titled(name)}`}
          onClick={run}
        >
          {words}
        </button>
      ))}
    </span>
  );
}
