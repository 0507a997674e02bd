import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Recorder } from '../metrics/recorder.ts';
import { countObjectives } from './counting.ts';
import { ObjectiveTracker } from './tracker.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly objectives: ObjectiveTracker;
  }
}

/** What is promised of most requests, counted and added up. */
export function openObjectives(
  ports: Ports & { readonly metrics: Metrics; readonly recorder: Recorder },
  closing: ClosingStack,
): { objectives: ObjectiveTracker } {
  const { db, availability, keepers, recorder, config } = ports;
  countObjectives(ports, config.objectives.targets);
  const objectives = new ObjectiveTracker({ db, availability, keepers, recorder, ...config.objectives });
  objectives.start();
  closing.defer(() => objectives.stop());
  return { objectives };
}
