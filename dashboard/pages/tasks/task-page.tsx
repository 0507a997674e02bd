import { useEffect } from 'preact/hooks';
import { TaskShown, type TaskShownData, TaskTold, type TaskToldData } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { follow } from '../../server/socket.ts';
import { Empty, Hollow, Page, Panel, Problem, Tag } from '../../view/parts.tsx';
import { hrefOf } from '../../view/router.ts';
import { Moment } from '../../view/time.tsx';
import { plain, span } from '../../view/words.ts';
import { TaskActions, TaskState } from './actions.tsx';
import { Progress } from './queue-panel.tsx';

type Task = NonNullable<TaskShownData['task']>;

/** One task, its attempts, and what it gave. */
export function TaskPage({ taskId }: { taskId: string }) {
  const { data, problem, again } = useAnswer(TaskShown, { taskId });
  useEffect(
    () =>
      follow(
        TaskTold,
        (told: TaskToldData) => told.taskChanged,
        ({ task }) => task.taskId === taskId && again(),
        { onGap: again },
      ),
    [again, taskId],
  );
  const task = data?.task;
  return (
    <Page
      title={task?.name ?? 'Task'}
      actions={
        <>
          {task && <TaskState task={task} />}
          {task && <TaskActions task={task} onChange={again} />}
          <a class="button" href={hrefOf(['tasks'])}>
            All tasks
          </a>
        </>
      }
    >
      <div class="stack">
        <Problem problem={problem} again={again} />
        {!data && !problem && <Hollow rows={3} height={90} />}
        {data && !task && (
          <Empty title="There is no such task.">
            It may belong to another user, or be gone with its retention.
          </Empty>
        )}
        {task && (
          <div class="columns">
            <About task={task} />
            <Attempts task={task} />
            <Json title="Payload" value={task.payload} />
            <Json title="Result" value={task.result} />
          </div>
        )}
      </div>
    </Page>
  );
}

function About({ task }: { task: Task }) {
  return (
    <Panel title="What it is">
      <dl class="pairs">
        <dt>Kind</dt>
        <dd>{task.type}</dd>
        <dt>Made</dt>
        <dd>
          <Moment at={task.createdAt} /> by {task.createdBy}
        </dd>
        <dt>Not before</dt>
        <dd>
          <Moment at={task.scheduledFor} />
        </dd>
        <dt>Ended</dt>
        <dd>
          <Moment at={task.completedAt} />
        </dd>
        <dt>Priority</dt>
        <dd>{plain(task.priority)}</dd>
        <dt>Time limit</dt>
        <dd>{span(task.timeoutSeconds)} for an attempt</dd>
        <dt>Progress</dt>
        <dd>
          <Progress task={task} />
        </dd>
      </dl>
      {task.error && (
        <div class="notice" data-tone="bad">
          <p class="words">{task.error}</p>
        </div>
      )}
    </Panel>
  );
}

function Attempts({ task }: { task: Task }) {
  return (
    <Panel title="Attempts" note={`${task.maxRetries + 1} at the most`}>
      {task.attempts.length === 0 && (
        <Empty title="It was not begun yet.">It begins when its time has come and a worker is free.</Empty>
      )}
      <ol class="feed">
        {task.attempts.map(({ number, startedAt, endedAt, worker, error }) => (
          <li key={number}>
            <Moment at={startedAt} />
            <div>
              Attempt {number}{' '}
              {error ? (
                <Tag tone="bad">failed</Tag>
              ) : endedAt ? (
                <Tag tone="good">ended</Tag>
              ) : (
                <Tag tone="sea">runs</Tag>
              )}
              {error && <p class="words">{error}</p>}
              <p class="under">on {worker}</p>
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function Json({ title, value }: { title: string; value: unknown }) {
  if (value === null || value === undefined) return null;
  return (
    <Panel title={title}>
      <pre class="words code json">{JSON.stringify(value, null, 2)}</pre>
    </Panel>
  );
}
