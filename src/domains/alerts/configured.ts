import type { Ports } from '../../ground/ports.ts';
import { LogWay } from './log-way.ts';
import type { AlertWay } from './ways.ts';
import { WebhookWay } from './webhook.ts';

/** What receivers may send us, and how long they may take. */
const LIMITS = { timeoutMs: 10_000, maxBytes: 65_536 };

/**
 * The ways that are configured, and the log. What a way needs is loaded only where it is configured.
 *
 * @throws SettingForbidden where one may not be called
 */
export async function openWays({ config, log, outbound }: Ports): Promise<AlertWay[]> {
  const ways: AlertWay[] = [];
  if (config.alertWebhook) {
    await outbound.checkSetting('ALERT_WEBHOOK_URL', config.alertWebhook.url);
    ways.push(new WebhookWay({ ...config.alertWebhook, fetch: outbound.fetcher(LIMITS) }));
  }
  return [...ways, new LogWay(log)];
}
