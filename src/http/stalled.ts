import type { ServerResponse } from 'node:http';

const STALLED_MS = 60_000;
const STALLED_LOOK_MS = 5_000;

/** Lets go a client that for so long reads nothing of what waits for it. @returns a timer for the caller to clear */
export function endStalled(res: ServerResponse): NodeJS.Timeout {
  let quiet = 0;
  return setInterval(() => {
    const isBlocked = res.writableNeedDrain || (res.writableEnded && !res.writableFinished);
    quiet = isBlocked ? quiet + STALLED_LOOK_MS : 0;
    if (quiet >= STALLED_MS) res.destroy();
  }, STALLED_LOOK_MS).unref();
}
