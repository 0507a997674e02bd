import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import { AlertBoard } from './alerts.ts';
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
export async function openAlerts(ports: Ports, closing: ClosingStack): Promise<{ alerts: AlertBoard }> {
  const { config, log, outbound, outbox } = ports;
  if (config.alertWebhook) await outbound.checkSetting('ALERT_WEBHOOK_URL', config.alertWebhook.url);
  const webhook =
    config.alertWebhook &&
    new AlertWebhook({ ...config.alertWebhook, fetch: outbound.fetcher(WEBHOOK_LIMITS), log });
  closing.defer(() => webhook?.stop());
  return { alerts: new AlertBoard(outbox, log, (alert) => webhook?.send(alert)) };
}
