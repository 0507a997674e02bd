import type { Ports } from '../../ground/ports.ts';
import type { ServerPromise } from '../../ground/promise.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import type { AlertBoard } from '../alerts/alerts.ts';
import type { Recorder } from '../metrics/recorder.ts';
import { RuleList } from './listing.ts';
import { rulesOf } from './rules.ts';
import { RuleWatch } from './watch.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly alertRules: RuleList;
  }
}

/** The operator's own alerts on metrics and events. */
export function openAlertRules(
  promises: readonly ServerPromise<never>[],
  ports: Ports & { readonly recorder: Recorder; readonly alerts: AlertBoard },
  closing: ClosingStack,
): { alertRules: RuleList } {
  const { config, db, availability, keepers, recorder, alerts } = ports;
  const rules = rulesOf(config.alertRules);
  const watch = new RuleWatch({ rules, db, availability, keepers, recorder, alerts });
  watch.start();
  closing.defer(() => watch.stop());
  return { alertRules: new RuleList(promises, rules, watch) };
}
