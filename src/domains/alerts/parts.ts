import type { ActivityNotes } from '../../ground/activity.ts';
import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import { type Alert, AlertBoard } from './alerts.ts';
import { AlertWebhook } from './webhook.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly alerts: AlertBoard;
  }
}

/** What the receiver of alerts may send us, and how long it may take. */
const WEBHOOK_LIMITS = { timeoutMs: 10_000, maxBytes: 65_536 };

/**
 * Which dangers there are, and where they are posted.
 *
 * @throws SettingForbidden where they may not be posted to what is configured
 */
export async function openAlerts(
  ports: Ports & { readonly activity: ActivityNotes },
  closing: ClosingStack,
): Promise<{ alerts: AlertBoard }> {
  const { config, log, outbound, outbox, activity } = ports;
  if (config.alertWebhook) await outbound.checkSetting('ALERT_WEBHOOK_URL', config.alertWebhook.url);
  const webhook =
    config.alertWebhook &&
    new AlertWebhook({ ...config.alertWebhook, fetch: outbound.fetcher(WEBHOOK_LIMITS), log });
  closing.defer(() => webhook?.stop());
  const onAlert = (alert: Alert) => {
    webhook?.send(alert);
    note(activity, alert);
  };
  return { alerts: new AlertBoard(outbox, log, onAlert) };
}

/** Not with its message, which may hold the words of an error. */
function note(activity: ActivityNotes, { name, state, severity }: Alert): void {
  const isRaised = state === 'RAISED';
  activity.note({
    kind: isRaised ? 'alert_raised' : 'alert_cleared',
    subject: name,
    message: isRaised ? `${severity}: ${name}` : `${name} is over`,
    level: !isRaised ? 'INFO' : severity === 'CRITICAL' ? 'ERROR' : 'WARNING',
  });
}
