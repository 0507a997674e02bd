import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import type { Activity } from '../activity/activity.ts';
import { nameOfDirectory } from '../tasks/worker-directory.ts';
import { Metrics } from './metrics.ts';
import { Recorder } from './recorder.ts';
import { MeasuredSteps } from './steps.ts';
import { showTables } from './storage.ts';
import type { CacheUse } from './usage.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly metrics: Metrics;
    readonly recorder: Recorder;
    readonly measuredSteps: MeasuredSteps;
  }
}

/** The figures of the process; open before whoever counts. */
export function openMetrics(
  {
    db,
    availability,
    modelParts,
    tracing,
    activity,
  }: Pick<Ports, 'db' | 'availability' | 'modelParts' | 'tracing'> & { readonly activity: Activity },
  closing: ClosingStack,
): { metrics: Metrics } {
  const metrics = new Metrics(db.connections);
  activity.follow((kind) => metrics.countActivity(kind));
  metrics.start();
  showTables(metrics.registry, db, availability);
  modelParts.calls.onEnd((call) => metrics.usage.countModelCall(call));
  metrics.usage.showLost(tracing.lost);
  tracing.bringMetrics(() => metrics.all());
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
  const measuredSteps = new MeasuredSteps({ db, recorder });
  metrics.usage.watchCache('metrics_history', measuredSteps.use);
  return { recorder, measuredSteps };
}

/** What remembers something, and counts of what use that is. */
interface Caches {
  readonly shared: { readonly use: CacheUse };
  readonly texts: { readonly use: CacheUse };
  readonly characters: { readonly use: CacheUse; readonly lore: { readonly use: CacheUse } };
  readonly access: { readonly apiKeys: { readonly use: CacheUse } };
}

/** Shows the caches of the others; after they are open. */
export function watchCaches({
  shared,
  texts,
  characters,
  access,
  metrics,
}: Caches & { readonly metrics: Metrics }): void {
  const { usage } = metrics;
  usage.watchCache('shared_reads', shared.use);
  usage.watchCache('analysed_turns', texts.use);
  usage.watchCache('character_names', characters.use);
  usage.watchCache('character_lore', characters.lore.use);
  usage.watchCache('api_keys', access.apiKeys.use);
}
