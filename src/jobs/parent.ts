import type { Logger } from '../log.ts';
import { createKeeper } from './keeper.ts';

const LOOK_MS = 500;

/**
 * npm passes no SIGTERM on: it ends the shell between, and goes. Nobody would ever stop the server that it has started.
 *
 * @param parent process id of that shell, or of npm
 * @param stop called once, when it has ended
 */
export function stopAfterNpm(parent: number, log: Logger, stop: () => void): void {
  const keeper = createKeeper({
    ...{ name: 'parent', everyMs: LOOK_MS, log, now: () => new Date() },
    round: () => {
      if (process.ppid === parent) return;
      void keeper.stop();
      stop();
    },
  });
  keeper.start();
}
