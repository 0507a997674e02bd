import type { ClosingStack } from './ending.ts';
import type { Keepers } from './keepers.ts';

const HOUR_MS = 3_600_000;

interface Renewing {
  readonly name: string;
  /** What is rested between two goes; ended when nobody goes on. */
  readonly rest: { take(): Promise<void>; end(): void };
  /** Makes some of it again. @returns of how many; 0: none are left */
  readonly renewSome: () => Promise<number>;
}

/**
 * Makes again what an earlier version made in another way, at the start, and each hour what another server of such a version stores
 * meanwhile.
 */
export function keepRenewed(
  keepers: Keepers,
  closing: ClosingStack,
  { name, rest, renewSome }: Renewing,
): void {
  let isOver = false;
  const keeper = keepers.create({
    name,
    everyMs: HOUR_MS,
    round: async () => {
      while (!isOver && (await renewSome()) > 0) await rest.take();
    },
  });
  void keeper.startNow();
  closing.defer(() => {
    isOver = true;
    rest.end();
    return keeper.stop();
  });
}
