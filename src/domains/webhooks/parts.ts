import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import type { Courier } from '../deliveries/courier.ts';
import { WebhookChannel } from './channel.ts';
import { resealSecrets } from './secret.ts';
import { WebhookSpreader } from './spreader.ts';

interface WebhookParts {
  readonly webhooks: {
    readonly channel: WebhookChannel;
    readonly outbound: Outbound;
    wake(): void;
  };
}

declare module '../../graphql/context.ts' {
  interface Services extends WebhookParts {}
}

/** Who tells webhooks what happened. */
export async function openWebhooks(
  { db, log, availability, keepers, outbound, sealer, deliveries }: Ports & { readonly deliveries: Courier },
  closing: ClosingStack,
): Promise<WebhookParts> {
  if (sealer)
    await availability.prepare(async () => {
      const unreadable = await resealSecrets(db, sealer);
      if (unreadable > 0)
        log.error({ secrets: unreadable }, 'secrets of webhooks were encrypted with another master key');
    });
  const channel = new WebhookChannel({ db, outbound, sealer });
  deliveries.register(channel);
  const spreader = new WebhookSpreader({ db, availability, keepers, deliveries });
  spreader.start();
  closing.defer(() => spreader.stop());
  return { webhooks: { channel, outbound, wake: () => spreader.wake() } };
}
