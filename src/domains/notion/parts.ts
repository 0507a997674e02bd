import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import type { Courier } from '../deliveries/courier.ts';
import type { TaskRunner } from '../tasks/runner.ts';
import { NotionDesk } from './desk.ts';
import type { RequestServices } from './requests.ts';

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
  ports: Ports & {
    readonly deliveries: Courier;
    readonly tasks: TaskRunner;
    readonly tenants: RequestServices['tenants'];
  },
  closing: ClosingStack,
): Promise<NotionParts> {
  const { config, db, log, outbound, secrets, availability, keepers, events, tasks, tenants, deliveries } =
    ports;
  if (config.notion === null) return { notion: new NotionDesk(db, null) };
  const { mirror, apiUrl, paceMs, isDryRun } = config.notion;
  const { NotionApi } = await import('./api.ts');
  const { Pace } = await import('./pace.ts');
  const notion = new NotionApi({
    token: () => secrets.get('NOTION_TOKEN'),
    apiUrl,
    fetch: outbound.fetcherTo(apiUrl, LIMITS),
    pace: new Pace(db, paceMs),
  });
  const services = { db, log, notion, mirror, tasks };
  const desk = new NotionDesk(db, {
    ...{ mirror, isDryRun },
    preview: async (kind, first) => (await import('./preview.ts')).previewOf(services, kind, first),
  });
  if (isDryRun) return { notion: desk };
  const { NotionChannel } = await import('./channel.ts');
  const { NotionMirror } = await import('./mirror.ts');
  deliveries.register(new NotionChannel(services));
  const keeper = new NotionMirror({ ...services, availability, keepers, events, tenants, deliveries });
  keeper.start();
  closing.defer(() => keeper.stop());
  return { notion: desk };
}
