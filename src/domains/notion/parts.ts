import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import type { Courier } from '../deliveries/courier.ts';
import { NotionDesk } from './desk.ts';

interface NotionParts {
  readonly notion: NotionDesk;
}

declare module '../../graphql/context.ts' {
  interface Services extends NotionParts {}
}

/** What Notion may answer, and how long it may take. */
const LIMITS = { timeoutMs: 15_000, maxBytes: 8_388_608 };

/** Mirrors what the server does to the operator's Notion. Where it is not configured, nothing that speaks to it is loaded. */
export async function openNotion(
  ports: Ports & { readonly deliveries: Courier },
  closing: ClosingStack,
): Promise<NotionParts> {
  const { config, db, log, outbound, secrets, availability, keepers, deliveries } = ports;
  const desk = new NotionDesk(db, config.notion?.mirror ?? null);
  if (config.notion === null) return { notion: desk };
  const { mirror, apiUrl, paceMs } = config.notion;
  const { NotionApi } = await import('./api.ts');
  const { Pace } = await import('./pace.ts');
  const { NotionChannel } = await import('./channel.ts');
  const { NotionMirror } = await import('./mirror.ts');
  const notion = new NotionApi({
    token: () => secrets.get('NOTION_TOKEN'),
    apiUrl,
    fetch: outbound.fetcherTo(apiUrl, LIMITS),
    pace: new Pace(db, paceMs),
    count: () => undefined,
  });
  const services = { db, log, notion, mirror };
  deliveries.register(new NotionChannel(services));
  const keeper = new NotionMirror({ ...services, availability, keepers, deliveries });
  keeper.start();
  closing.defer(() => keeper.stop());
  return { notion: desk };
}
