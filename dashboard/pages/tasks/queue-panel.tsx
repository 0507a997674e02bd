import { useEffect } from 'preact/hooks';
import {
  TaskCounts,
  type TaskStatus,
  Tasks,
  type TasksData,
  TaskTold,
  type TaskToldData,
} from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { connectionPage, usePages } from '../../server/pages.ts';
import { may } from '../../server/session.ts';
import { follow } from '../../server/socket.ts';
import { More } from '../../view/more.tsx';
import { Bar, Empty, Hollow, Panel, Problem } from '../../view/parts.tsx';
import { hrefOf } from '../../view/router.ts';
import { asked, ChoiceField, StateField } from '../../view/search-field.tsx';
import { Table } from '../../view/table.tsx';
import { Moment } from '../../view/time.tsx';
import { count, plain, span, titled } from '../../view/words.ts';
import { TaskActions, type TaskLine, TaskState } from './actions.tsx';

const PAGE = 50;
const STATES: readonly TaskStatus[] = ['PENDING', 'RUNNING', 'FAILED', 'COMPLETED', 'CANCELLED'];
const COUNT_EVERY_MS = 3_000;
const pageOf = ({ tasks }: TasksData) => connectionPage<TaskLine>(tasks);

/** Tasks as they are made, go on and end. */
export function QueuePanel() {
  const status = (asked('status') || null) as TaskStatus | null;
  const system = asked('system') === 'yes';
  const pages = usePages(Tasks, { first: PAGE, filter: { status, system } }, pageOf);
  const { items, problem, again, replace } = pages;
  useEffect(() => {
    const put = (task: TaskLine) =>
      replace((before) => {
        if (before.some(({ taskId }) => taskId === task.taskId))
          return before.map((each) => (each.taskId === task.taskId ? task : each));
        return status === null || status === task.status ? [task, ...before] : before;
      });
    return follow(
      TaskTold,
      (told: TaskToldData) => told.taskChanged,
      ({ task }) => put(task),
      { onGap: again },
    );
  }, [again, replace, status]);
  return (
    <div class="stack">
      <Counts />
      <div class="filters">
        <StateField states={STATES} />
        {may('ADMIN') && (
          <ChoiceField
            name="system"
            label="Made by"
            choices={[
              ['', 'Users'],
              ['yes', 'Users and the server'],
            ]}
          />
        )}
      </div>
      <Panel title="Queue" note="The newest first">
        <Problem problem={problem} again={again} />
        {items === null && !problem && <Hollow rows={6} />}
        {items?.length === 0 && (
          <Empty title="No task is like this.">
            Tasks are made by the API (<code>createTask</code>), by schedules, and by what takes long, such as
            indexing a folder of pictures.
          </Empty>
        )}
        {items && items.length > 0 && <TaskTable tasks={items} onChange={again} />}
        <More of={pages}>More tasks</More>
      </Panel>
    </div>
  );
}

function Counts() {
  const { data } = useAnswer(TaskCounts, {}, COUNT_EVERY_MS);
  const stats = data?.taskStats;
  const countOf = (status: TaskStatus) => stats?.byStatus.find((each) => each.status === status)?.count ?? 0;
  return (
    <dl class="tiles">
      {STATES.map((status) => (
        <div
          key={status}
          class="tile"
          data-tone={status === 'FAILED' && countOf(status) > 0 ? 'bad' : 'quiet'}
        >
          <dt>
            <a href={hrefOf(['tasks'], { status })}>{titled(status)}</a>
          </dt>
          <dd class="value">{stats ? count(countOf(status)) : '…'}</dd>
          <dd class="note">
            {status === 'PENDING' && stats?.oldestWaitingSeconds
              ? `the oldest for ${span(stats.oldestWaitingSeconds)}`
              : ''}
            {status === 'COMPLETED' && stats ? `${count(stats.endedLastHour)} ended in the last hour` : ''}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function TaskTable({ tasks, onChange }: { tasks: readonly TaskLine[]; onChange: () => void }) {
  return (
    <Table headings={['Task', 'State', 'Progress', { figures: 'Attempts' }, 'Made', 'By']} hasActions>
      {tasks.map((task) => (
        <tr key={task.taskId}>
          <td data-label="">
            <a href={hrefOf(['tasks', 'task', task.taskId])}>{task.name}</a>
            <div class="under">
              {task.type}
              {task.priority !== 'NORMAL' && `, ${plain(task.priority)}`}
            </div>
            {task.error && <div class="clip">{task.error}</div>}
          </td>
          <td data-label="State">
            <TaskState task={task} />
          </td>
          <td data-label="Progress">
            <Progress task={task} />
          </td>
          <td data-label="Attempts" class="number">
            {task.retryCount + (task.startedAt ? 1 : 0)} of {task.maxRetries + 1}
          </td>
          <td data-label="Made">
            <Moment at={task.createdAt} />
          </td>
          <td data-label="By">{task.createdBy}</td>
          <td data-label="">
            <TaskActions task={task} onChange={onChange} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

export function Progress({ task }: { task: TaskLine }) {
  const { progress } = task;
  if (!progress) return <span class="soft">–</span>;
  const { done, total, note } = progress;
  return (
    <div class="progress">
      {total !== null && total > 0 && <Bar label={`Progress of ${task.name}`} share={done / total} />}
      <span class="number under">
        {count(done)}
        {total !== null && ` of ${count(total)}`} {note}
      </span>
    </div>
  );
}
