import type { Ports } from '../../ground/ports.ts';
import { createRest, type Pressure } from '../../ground/pressure.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import { renewSomeTerms } from './renewed-terms.ts';

const HOUR_MS = 3_600_000;

/** Looks after facts that an earlier version stored, or another server of an earlier version does. */
export function openFacts(
  { db, keepers, pressure }: Pick<Ports, 'db' | 'keepers'> & { readonly pressure: Pick<Pressure, 'pauseMs'> },
  closing: ClosingStack,
): Record<never, never> {
  const rest = createRest(pressure);
  let isOver = false;
  const keeper = keepers.create({
    name: 'terms of facts',
    everyMs: HOUR_MS,
    round: async () => {
      while (!isOver && (await renewSomeTerms(db)) > 0) await rest.take();
    },
  });
  void keeper.startNow();
  closing.defer(() => {
    isOver = true;
    rest.end();
    return keeper.stop();
  });
  return {};
}
