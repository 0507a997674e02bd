import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import { nameOfDirectory } from '../tasks/worker-directory.ts';
import { Metrics } from './metrics.ts';
import { Recorder } from './recorder.ts';
import { MeasuredSteps } from './steps.ts';
import { showTables } from './storage.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly metrics: Metrics;
    readonly recorder: Recorder;
    readonly measuredSteps: MeasuredSteps;
  }
}

/** The figures of the process; open before whoever counts. */
export function openMetrics(
  { db, availability }: Pick<Ports, 'db' | 'availability'>,
  closing: ClosingStack,
): { metrics: Metrics } {
  const metrics = new Metrics(db.pool);
  metrics.start();
  showTables(metrics.registry, db, availability);
  closing.defer(() => metrics.stop());
  return { metrics };
}

/** Keeps the past of the figures; open after whoever shows some. */
export function openRecorder(
  { config, db, availability, keepers, metrics }: Ports & { readonly metrics: Metrics },
  closing: ClosingStack,
): { recorder: Recorder; measuredSteps: MeasuredSteps } {
  const { registry, process } = metrics;
  const server = nameOfDirectory(config.dataDirectory);
  const recorder = new Recorder({ registry, process, db, availability, keepers, server });
  recorder.start();
  closing.defer(() => recorder.stop());
  return { recorder, measuredSteps: new MeasuredSteps({ db, recorder }) };
}
