import type { ClosingStack } from '../../jobs/ending.ts';
import type { Ground } from '../ground.ts';
import type { AppliedTurn } from '../interactions/apply.ts';
import type { AlertTeller } from '../promise.ts';
import { Persistence } from './persistence.ts';
import {
  databaseDown,
  databaseNotDurable,
  databaseRestarted,
  journalDamaged,
  journalVolatile,
} from './promises.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly persistence: Persistence;
  }
}

/** What becomes of the turns, and the dangers to the ground that the promise to keep them stands on. */
export function openPersistence(
  ground: Ground & { alerts: AlertTeller; metrics: { countTurns(turns: readonly AppliedTurn[]): void } },
  closing: ClosingStack,
): { persistence: Persistence } {
  const { journal, outbox, events, alerts, metrics } = ground;
  tellDangers(ground);
  const persistence = new Persistence({ journal, outbox });
  persistence.onCommitted((turns) => metrics.countTurns(turns));
  persistence.onCommitted(() => events.wake());
  closing.defer(() => persistence.flush());
  ground.availability.onChange(({ up, reason }) => alerts.set(databaseDown, up ? null : { reason }));
  return { persistence };
}

function tellDangers({
  alerts,
  journal: { recovered },
  volatileFileSystem: fileSystem,
  durabilityProblems: settings,
  onRestart,
}: Ground & { alerts: AlertTeller }): void {
  if (fileSystem) alerts.raise(journalVolatile, { fileSystem });
  if (settings.length > 0) alerts.raise(databaseNotDurable, { settings });
  if (recovered.damage.length > 0) alerts.raise(journalDamaged, { damage: recovered.damage });
  onRestart((reason) => {
    if (reason === null) alerts.clear(databaseRestarted, 'it is there again');
    else alerts.raise(databaseRestarted, { reason });
  });
}
