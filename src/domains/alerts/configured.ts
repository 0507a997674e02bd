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
export async function openWays({
  config,
  log,
  outbound,
  secrets,
}: Pick<Ports, 'log' | 'outbound' | 'secrets'> & {
  readonly config: Pick<Ports['config'], 'alerts' | 'alertWebhook'>;
}): Promise<AlertWay[]> {
  const { configured, telegram, email } = config.alerts;
  const ways: AlertWay[] = [];
  if (configured.includes('telegram')) {
    const { TelegramWay } = await import('./telegram.ts');
    const fetch = outbound.fetcherTo(telegram.apiUrl, LIMITS);
    ways.push(new TelegramWay({ ...telegram, token: () => secrets.get('TELEGRAM_BOT_TOKEN'), fetch }));
  }
  if (configured.includes('email')) {
    const { EmailWay } = await import('./email.ts');
    ways.push(new EmailWay({ ...email, url: () => secrets.get('SMTP_URL') }));
  }
  if (config.alertWebhook) {
    await outbound.checkSetting('ALERT_WEBHOOK_URL', config.alertWebhook.url);
    ways.push(new WebhookWay({ ...config.alertWebhook, fetch: outbound.fetcher(LIMITS) }));
  }
  return [...ways, new LogWay(log)];
}
