import { PauseSchedule, Schedules, type SchedulesData, SlotsOf, TriggerSchedule } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { ask } from '../../server/ask.ts';
import { succeeded } from '../../server/problem.ts';
import { runsServer } from '../../server/session.ts';
import { Empty, Hollow, Panel, Problem, Tag } from '../../view/parts.tsx';
import { hrefOf } from '../../view/router.ts';
import { useAct } from '../../view/saying.tsx';
import { Table } from '../../view/table.tsx';
import { Ago, Moment } from '../../view/time.tsx';
import { plain } from '../../view/words.ts';

type Schedule = SchedulesData['schedules'][number];

const EVERY_MS = 5_000;
const SLOTS = 10;

/** What runs by itself: when it last did, when it does next, and what became of it. */
export function SchedulesPanel() {
  const { data, problem, again } = useAnswer(Schedules, {}, EVERY_MS);
  return (
    <div class="stack">
      <Panel title="Schedules">
        <Problem problem={problem} again={again} />
        {!data && !problem && <Hollow rows={5} />}
        {data?.schedules.length === 0 && (
          <Empty title="Nothing runs by itself.">
            A kind of task with a schedule of its own appears here.
          </Empty>
        )}
        {data && data.schedules.length > 0 && (
          <Table headings={['Schedule', 'When', 'Last', 'Next']} hasActions>
            {data.schedules.map((schedule) => (
              <Row key={schedule.name} schedule={schedule} again={again} />
            ))}
          </Table>
        )}
      </Panel>
      <RunHistory />
    </div>
  );
}

function Row({ schedule, again }: { schedule: Schedule; again: () => void }) {
  const { name, taskType, cron, timeZone, paused, lastSlot, nextSlotAt } = schedule;
  return (
    <tr>
      <td data-label="">
        <strong>{name}</strong> {paused && <Tag tone="warn">paused</Tag>}
        <div class="under">{taskType}</div>
      </td>
      <td data-label="When">
        <code>{cron}</code>
        <div class="under">{timeZone}</div>
      </td>
      <td data-label="Last">
        <Moment at={lastSlot?.slotAt} /> <span class="under">{lastSlot && plain(lastSlot.state)}</span>
      </td>
      <td data-label="Next">{nextSlotAt && !paused ? <Ago at={nextSlotAt} /> : '–'}</td>
      <td data-label="">{runsServer() && <Actions schedule={schedule} again={again} />}</td>
    </tr>
  );
}

function Actions({ schedule: { name, paused }, again }: { schedule: Schedule; again: () => void }) {
  const { isBusy, act } = useAct();
  const trigger = () =>
    act(async () => {
      succeeded((await ask(TriggerSchedule, { name })).triggerSchedule);
      again();
      return `${name} is triggered; the queue has its task.`;
    });
  const pause = () =>
    act(async () => {
      succeeded((await ask(PauseSchedule, { name, paused: !paused })).setSchedulePaused);
      again();
      return paused ? `${name} goes on.` : `${name} is paused: it makes no tasks until it is resumed.`;
    });
  return (
    <div class="actions">
      <button
        type="button"
        class="button"
        aria-disabled={isBusy}
        aria-label={`Trigger ${name}`}
        onClick={trigger}
      >
        Trigger
      </button>
      <button
        type="button"
        class="button"
        aria-disabled={isBusy}
        aria-label={`${paused ? 'Resume' : 'Pause'} ${name}`}
        onClick={pause}
      >
        {paused ? 'Resume' : 'Pause'}
      </button>
    </div>
  );
}

function RunHistory() {
  const { data } = useAnswer(SlotsOf, { first: SLOTS }, EVERY_MS);
  const slots = (data?.schedules ?? [])
    .flatMap(({ name, slots: { nodes } }) => nodes.map((slot) => ({ name, ...slot })))
    .filter(({ state }) => state !== 'PLANNED')
    .sort((one, other) => (one.slotAt < other.slotAt ? 1 : -1))
    .slice(0, SLOTS * 3);
  return (
    <Panel title="Run history" note="The latest first">
      {data && slots.length === 0 && <Empty title="No schedule has had its time yet." />}
      <ol class="feed">
        {slots.map(({ name, slotAt, state, note, task }) => (
          <li key={`${name}${slotAt}`}>
            <Moment at={slotAt} />
            <div>
              {task ? <a href={hrefOf(['tasks', 'task', task.taskId])}>{name}</a> : name}{' '}
              <Tag tone={state === 'RUN' ? 'good' : state === 'MISSED' ? 'bad' : 'quiet'}>
                {task && state === 'RUN' ? plain(task.status) : plain(state)}
              </Tag>
              {note && <p class="under">{note}</p>}
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
