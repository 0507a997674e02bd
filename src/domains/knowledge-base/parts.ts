import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import type { Courier } from '../deliveries/courier.ts';

/** Tells the operator's Knowledge Base what is learned. Where none is configured, nothing of it is loaded. */
export async function openKnowledgeBase(
  ports: Ports & { readonly deliveries: Courier },
  closing: ClosingStack,
): Promise<void> {
  const { knowledgeBaseUrl } = ports.config;
  if (knowledgeBaseUrl === null) return;
  const { ArticleChannel } = await import('./channel.ts');
  const { ArticleTeller } = await import('./teller.ts');
  ports.deliveries.register(new ArticleChannel(ports, knowledgeBaseUrl));
  const teller = new ArticleTeller(ports);
  teller.start();
  closing.defer(() => teller.stop());
}
