import type { ActivityNotes } from '../../ground/activity.ts';
import type { Keepers } from '../../jobs/keepers.ts';

/** Makes a look that notes which keepers have begun to fail since the one before, and which succeed again. */
export function createKeeperLook(keepers: Pick<Keepers, 'statuses'>, activity: ActivityNotes): () => void {
  const failing = new Set<string>();
  return () => {
    for (const { name, state } of keepers.statuses()) {
      const fails = state === 'FAILING';
      if (fails === failing.has(name)) continue;
      if (fails) failing.add(name);
      else failing.delete(name);
      // Not why: what an error says may be somebody's text. The log has it.
      const message = fails
        ? `a round of “${name}” failed; the log says why`
        : state === 'STOPPED'
          ? `“${name}” was stopped`
          : `“${name}” succeeds again`;
      activity.note({
        kind: fails ? 'keeper_failed' : 'keeper_recovered',
        ...{ subject: name, message, level: fails ? 'WARNING' : 'INFO' },
      });
    }
  };
}
