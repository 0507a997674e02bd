import type { Ports } from '../../ground/ports.ts';
import { createRest, type Pressure } from '../../ground/pressure.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import { keepRenewed } from '../../jobs/renewing.ts';
import { renewSomeTerms } from './renewed-terms.ts';

/** Looks after facts that an earlier version stored, or another server of an earlier version does. */
export function openFacts(
  { db, keepers, pressure }: Pick<Ports, 'db' | 'keepers'> & { readonly pressure: Pick<Pressure, 'pauseMs'> },
  closing: ClosingStack,
): Record<never, never> {
  const rest = createRest(pressure);
  keepRenewed(keepers, closing, { name: 'terms of facts', rest, renewSome: () => renewSomeTerms(db) });
  return {};
}
