import { useEffect, useRef } from 'preact/hooks';
import { type TaskStatus, TaskTold, type TaskToldData } from '../../operations.ts';
import { follow } from '../../server/socket.ts';

const NONE: readonly string[] = [];

/** Asks again when a task that this is about, or a new one of some kinds, begins or ends; not each time it says how far it is. @param kinds always the same list */
export function useTasks(
  isAbout: (taskId: string) => boolean,
  again: () => void,
  kinds: readonly string[] = NONE,
): void {
  const about = useRef(isAbout);
  about.current = isAbout;
  useEffect(() => {
    const stood = new Map<string, TaskStatus>();
    return follow(
      TaskTold,
      (told: TaskToldData) => told.taskChanged,
      ({ task: { taskId, status, type } }) => {
        if (stood.get(taskId) === status || (!kinds.includes(type) && !about.current(taskId))) return;
        stood.set(taskId, status);
        again();
      },
      { onGap: again },
    );
  }, [again, kinds]);
}
