import type { Finding } from '../findings.ts';
import type { Epoch } from '../ledger.ts';
import type { TortureOptions } from '../options.ts';
import type { Random } from '../random.ts';
import type { Subscriber } from '../subscriber.ts';
import type { Striking } from './faults.ts';
import type { HealthSample } from './judge-health.ts';
import type { Sample } from './samples.ts';
import type { SoakStand } from './stand.ts';
import type { Visiting } from './visitors.ts';

/** A soak while it goes on. */
export interface Soak {
  readonly options: TortureOptions;
  readonly stand: SoakStand;
  readonly random: Random;
  readonly findings: Finding[];
  readonly subscribers: readonly Subscriber[];
  readonly epoch: Epoch;
  readonly striking: Striking;
  readonly visiting: Visiting;
  readonly health: HealthSample[];
  readonly samples: Sample[];
  readonly startedAt: Date;
  readonly now: () => number;
  /** Gives up what visitors are still at. */
  readonly abandon: () => void;
}
