import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import type { StoreObserver } from './observer.ts';
import { forgetDeletedElsewhere } from './set-apart.ts';
import { TurnStore } from './store.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly store: TurnStore;
  }
}

/** Milliseconds that the journal gets to empty itself when the server stops. */
const DRAIN_MS = 5_000;

/** Milliseconds between looks for what other servers deleted of what this one still has in its journal. */
const LOOK_MS = 15_000;

/** Where turns are kept. What observes them is open already, so that it is still there when the store drains. */
export function openInteractions(
  { config, log, db, journal, availability, keepers, persistence }: Ports & { persistence: StoreObserver },
  closing: ClosingStack,
): { store: TurnStore } {
  const store = new TurnStore({
    db,
    journal,
    log,
    ackPolicy: config.ackPolicy,
    ackDeadlineMs: config.ackDeadlineMs,
    isUp: () => availability.isUp,
    reportDown: (reason) => availability.reportDown(reason),
    suspect: () => availability.suspect(),
    observe: persistence,
  });
  const round = () => forgetDeletedElsewhere({ db, journal, store, availability });
  const keeper = keepers.create({
    ...{ name: 'turns deleted elsewhere', everyMs: LOOK_MS, round },
  });
  keeper.start();
  closing.defer(() => keeper.stop());
  availability.onChange(({ up }) => up && store.resume());
  closing.defer(() => store.stop(DRAIN_MS));
  return { store };
}
