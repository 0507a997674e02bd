import type { Outcome } from '../deliveries/channel.ts';
import type { DeliveryRow } from '../deliveries/tables.ts';
import { type NotionApi, NotionProblem } from './api.ts';
import { configuredKind } from './configured.ts';
import { pagesOfIds } from './lookups.ts';
import { usable } from './mapping.ts';
import type { MirrorServices } from './notion.ts';
import { sourceOf } from './sources.ts';
import type { MappedProperty } from './tables.ts';
import { propertyValues } from './values.ts';

/** Takes a page out of Notion: what it says is taken away, then it goes to the trash, which Notion empties. @throws NotionProblem */
export async function removePage(
  { db, notion, mirror }: MirrorServices,
  { payload }: DeliveryRow,
  signal: AbortSignal,
): Promise<Outcome> {
  const configured = configuredKind(mirror, String(payload.kind));
  const source = configured && (await sourceOf(db, configured.kind.name, configured.setting));
  const properties = usable(source?.properties ?? []);
  const externalId = String(payload.externalId);
  const known = typeof payload.pageId === 'string' ? [payload.pageId] : [];
  // Somebody may have been about to make it, and could not note that they had.
  const found = source?.dataSourceId
    ? await pagesOfIds(notion, source, [externalId], signal)
    : new Map<string, string[]>();
  const pages = new Set([...known, ...(found.get(externalId) ?? [])]);
  if (pages.size === 0) return { kind: 'NOTHING_LEFT', why: 'Notion has no such page' };
  for (const pageId of pages) await remove(notion, pageId, properties, signal);
  return { kind: 'DELIVERED', status: 200 };
}

async function remove(
  notion: NotionApi,
  pageId: string,
  properties: readonly MappedProperty[],
  signal: AbortSignal,
): Promise<void> {
  const change = async (how: object) => {
    try {
      await notion.ask(signal, (client) => client.pages.update({ page_id: pageId, ...how }));
    } catch (error) {
      // One that is in the trash cannot be changed, and one that is gone says nothing any more.
      if (!(error instanceof NotionProblem) || (error.kind !== 'INVALID' && error.kind !== 'MISSING'))
        throw error;
      return error;
    }
    return null;
  };
  await change({ properties: propertyValues(properties, {}) });
  const problem = await change({ in_trash: true });
  if (problem?.kind !== 'INVALID') return;
  const page = await notion.ask(signal, (client) => client.pages.retrieve({ page_id: pageId }));
  if (!('in_trash' in page) || !(page.in_trash || page.archived)) throw problem;
}
