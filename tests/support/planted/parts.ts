import type { Ports } from '../../../src/ground/ports.ts';
import type { ClosingStack } from '../../../src/jobs/ending.ts';
import { WishRounds } from './rounds.ts';

interface WishParts {
  // Not in every server, as those of the product's own domains are.
  readonly wishes?: WishRounds;
}

declare module '../../../src/graphql/context.ts' {
  interface Services extends WishParts {}
}

/** Who looks after wishes. */
export function openWishes({ db, availability, keepers }: Ports, closing: ClosingStack): WishParts {
  const wishes = new WishRounds(db, availability, keepers);
  wishes.start();
  closing.defer(() => wishes.stop());
  return { wishes };
}
