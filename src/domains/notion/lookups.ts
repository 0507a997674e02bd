import type { QueryDataSourceParameters } from '@notionhq/client';
import type { NotionApi } from './api.ts';
import { EXTERNAL_ID } from './kind.ts';
import { usable } from './mapping.ts';
import type { MappedProperty, SourceRow } from './tables.ts';

/** External ids that one question asks for. */
const IDS_AT_ONCE = 50;
const PAGE_SIZE = 100;

/** A page of a database, as far as anybody here reads it. */
export interface NotionPage {
  readonly id: string;
  /** Of each property that was asked for, by its id: its words, or the name of its choice. */
  readonly words: ReadonlyMap<string, string>;
}

/** Where a data source can be asked. */
export type Place = Pick<SourceRow, 'dataSourceId' | 'properties'>;

/** Pages that have these external ids, the oldest of each first. @throws NotionProblem */
export async function pagesOfIds(
  notion: NotionApi,
  place: Place,
  externalIds: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  const property = propertyOf(place.properties, EXTERNAL_ID);
  for (let start = 0; property && start < externalIds.length; start += IDS_AT_ONCE) {
    const filter = {
      or: externalIds
        .slice(start, start + IDS_AT_ONCE)
        .map((equals) => ({ property: property.id, rich_text: { equals } })),
    };
    for (const { id, words } of await pagesBy(notion, place, { filter, fields: [EXTERNAL_ID] }, signal)) {
      const externalId = words.get(property.id) ?? '';
      found.set(externalId, [...(found.get(externalId) ?? []), id]);
    }
  }
  return found;
}

/** Pages that a filter lets through, the oldest first. @param most how many at the most @throws NotionProblem */
export async function pagesBy(
  notion: NotionApi,
  { dataSourceId, properties }: Place,
  wanted: {
    readonly filter: NonNullable<QueryDataSourceParameters['filter']>;
    readonly fields: readonly string[];
    readonly most?: number;
  },
  signal: AbortSignal,
): Promise<NotionPage[]> {
  const shown = wanted.fields.flatMap((field) => propertyOf(properties, field) ?? []);
  const pages: NotionPage[] = [];
  let cursor: string | undefined;
  do {
    const answer = await notion.ask(signal, (client) =>
      client.dataSources.query({
        data_source_id: dataSourceId ?? '',
        filter: wanted.filter,
        sorts: [{ timestamp: 'created_time', direction: 'ascending' }],
        filter_properties: shown.map(({ id }) => id),
        page_size: Math.min(PAGE_SIZE, wanted.most ?? PAGE_SIZE),
        ...(cursor !== undefined && { start_cursor: cursor }),
      }),
    );
    for (const page of answer.results)
      if ('properties' in page) pages.push({ id: page.id, words: wordsOf(page.properties, shown) });
    cursor = answer.next_cursor ?? undefined;
  } while (cursor !== undefined && pages.length < (wanted.most ?? Number.POSITIVE_INFINITY));
  return pages;
}

export function propertyOf(properties: readonly MappedProperty[], field: string): MappedProperty | null {
  return usable(properties).find((property) => property.field === field) ?? null;
}

function wordsOf(
  properties: Readonly<Record<string, unknown>>,
  shown: readonly MappedProperty[],
): ReadonlyMap<string, string> {
  const values = Object.values(properties) as Readonly<Record<string, unknown>>[];
  return new Map(
    shown.flatMap(({ id, type }) => {
      const value = values.find(
        (each) => each.id === id || decodeURIComponent(String(each.id)) === decodeURIComponent(id),
      );
      return value ? [[id, textOf(value[type])]] : [];
    }),
  );
}

function textOf(value: unknown): string {
  if (Array.isArray(value))
    return value.map(({ plain_text }: { plain_text?: string }) => plain_text ?? '').join('');
  const { name = '' } = (value ?? {}) as { name?: string };
  return name;
}
