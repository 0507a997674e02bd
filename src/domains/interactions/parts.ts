import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import type { StoreObserver } from './observer.ts';
import { TurnStore } from './store.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly store: TurnStore;
  }
}

/** Milliseconds that the journal gets to empty itself when the server stops. */
const DRAIN_MS = 5_000;

/** Where turns are kept. What observes them is open already, so that it is still there when the store drains. */
export function openInteractions(
  { config, log, db, journal, availability, persistence }: Ports & { persistence: StoreObserver },
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
  availability.onChange(({ up }) => up && store.resume());
  closing.defer(() => store.stop(DRAIN_MS));
  return { store };
}
