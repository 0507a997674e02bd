import { CancelTask, RetryTask, type TaskStatus, type TasksData } from '../../operations.ts';
import { ask } from '../../server/ask.ts';
import { succeeded } from '../../server/problem.ts';
import { may } from '../../server/session.ts';
import { Tag, type Tone } from '../../view/parts.tsx';
import { useAct } from '../../view/saying.tsx';
import { plain } from '../../view/words.ts';

export type TaskLine = TasksData['tasks']['nodes'][number];

const TONES: Readonly<Record<TaskStatus, Tone>> = {
  PENDING: 'quiet',
  RUNNING: 'sea',
  COMPLETED: 'good',
  FAILED: 'bad',
  CANCELLED: 'quiet',
};

/** What a task is at; one that waits for its next attempt says so. */
export function TaskState({ task }: { task: TaskLine }) {
  const isRetrying = task.status === 'PENDING' && task.retryCount > 0;
  return (
    <Tag tone={isRetrying ? 'warn' : TONES[task.status]}>{isRetrying ? 'retrying' : plain(task.status)}</Tag>
  );
}

/** What can be done with a task as it is. */
export function TaskActions({ task, onChange }: { task: TaskLine; onChange: () => void }) {
  const { isBusy, act } = useAct();
  if (!may('WRITE')) return null;
  const cancel = () =>
    act(async () => {
      const { stoppedInTime } = succeeded((await ask(CancelTask, { taskId: task.taskId })).cancelTask);
      onChange();
      return stoppedInTime
        ? `${task.name} is cancelled.`
        : `${task.name} is cancelled; what it was at may still end.`;
    });
  const retry = () =>
    act(async () => {
      succeeded((await ask(RetryTask, { taskId: task.taskId })).retryTask);
      onChange();
      return `${task.name} waits for another attempt.`;
    });
  if (task.status === 'PENDING' || task.status === 'RUNNING')
    return (
      <button
        type="button"
        class="button"
        aria-disabled={isBusy}
        aria-label={`Cancel ${task.name}`}
        onClick={cancel}
      >
        Cancel
      </button>
    );
  if (task.status === 'FAILED' || task.status === 'CANCELLED')
    return (
      <button
        type="button"
        class="button"
        aria-disabled={isBusy}
        aria-label={`Retry ${task.name}`}
        onClick={retry}
      >
        Retry
      </button>
    );
  return null;
}
