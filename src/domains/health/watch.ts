import type { AlertTeller, ServerPromise } from '../../ground/promise.ts';
import type { Keeper } from '../../jobs/keeper.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import type { HealthDesk } from './health.ts';
import { watchFailing } from './promises.ts';

const WATCH_MS = 1_000;

/**
 * Looks at the promises every second and raises an alert when one is in danger. The database's own alert does not
 * wait for this: it is raised by whoever runs into its absence.
 */
export function createWatch<Parts>({
  promises,
  parts,
  health,
  alerts,
  keepers,
  clock = () => performance.now(),
}: {
  readonly promises: readonly ServerPromise<Parts>[];
  readonly parts: Parts;
  readonly health: HealthDesk;
  readonly alerts: Pick<AlertTeller, 'set'>;
  readonly keepers: Keepers;
  /** Milliseconds of a clock that nobody sets. */
  readonly clock?: () => number;
}): Keeper {
  const steady = createSteadiness(clock);
  const round = async () => {
    // First what can be seen at once: a check may wait for an answer.
    for (const { looks } of promises) for (const { look } of looks) look(parts, alerts);
    const { checks } = await health.check('watch');
    for (const { name, status, detail } of checks) {
      const promise = promises.find((each) => each.name === name);
      // What nobody knows is no danger, and no end of one.
      if (!promise?.alert || status === 'UNKNOWN') continue;
      const isBad = status !== 'HEALTHY';
      if (steady(name, isBad) >= promise.steadySeconds)
        alerts.set(promise.alert, isBad ? (detail ?? '') : null);
    }
  };
  const onTrouble = (problem: string | null) =>
    alerts.set(watchFailing, problem === null ? null : { problem });
  return keepers.create({ name: 'health watch', everyMs: WATCH_MS, round, onTrouble });
}

/** Tells for how many seconds something has been said of a name, and nothing else. */
function createSteadiness(clock: () => number): (name: string, said: boolean) => number {
  const known = new Map<string, { readonly said: boolean; readonly since: number }>();
  return (name, said) => {
    const now = clock();
    const before = known.get(name);
    const since = before?.said === said ? before.since : now;
    known.set(name, { said, since });
    return (now - since) / 1_000;
  };
}
