import { useEffect, useRef } from 'preact/hooks';
import { TaskTold, type TaskToldData } from '../../operations.ts';
import { follow } from '../../server/socket.ts';

const NONE: readonly string[] = [];

/**
 * Asks again when a task that this is about, or a new one of some kinds, begins or ends; and when it first says how far it is, for what
 * it is about may be written only after it has begun. Not each time it does. @param kinds always the same list
 */
export function useTasks(
  isAbout: (taskId: string) => boolean,
  again: () => void,
  kinds: readonly string[] = NONE,
): void {
  const about = useRef(isAbout);
  about.current = isAbout;
  useEffect(() => {
    const stood = new Map<string, string>();
    return follow(
      TaskTold,
      (told: TaskToldData) => told.taskChanged,
      ({ task: { taskId, status, type, progress } }) => {
        const stands = progress === null ? status : `${status}, under way`;
        if (stood.get(taskId) === stands || (!kinds.includes(type) && !about.current(taskId))) return;
        stood.set(taskId, stands);
        again();
      },
      { onGap: again },
    );
  }, [again, kinds]);
}
