import type { NotionKind } from '../../config/notion.ts';
import { InvalidInput, ServiceUnavailable } from '../../errors.ts';
import { NotionProblem } from './api.ts';
import { configuredKind } from './configured.ts';
import { pagesOfIds } from './lookups.ts';
import { mappingHash, writable } from './mapping.ts';
import { lookAt } from './notion.ts';
import { type FutureTask, futureTasks, type RequestServices } from './requests.ts';
import { changedRows } from './rows.ts';
import { allSources } from './sources.ts';
import type { MappedProperty, SourceState } from './tables.ts';

/** A page that would be written. */
export interface FuturePage {
  readonly externalId: string;
  readonly action: 'CREATE' | 'UPDATE';
  /** Of the page that would be changed; null: it would be made. */
  readonly pageId: string | null;
  readonly values: readonly { readonly property: string; readonly value: string | null }[];
}

/** What would be written of a kind. */
export interface Preview {
  readonly kind: NotionKind;
  readonly state: SourceState;
  readonly problem: string | null;
  readonly properties: readonly MappedProperty[];
  readonly pages: readonly FuturePage[];
  /** Whether there are more. */
  readonly isMore: boolean;
  readonly tasks: readonly FutureTask[];
}

export type PreviewServices = Pick<RequestServices, 'db' | 'notion' | 'mirror' | 'tasks'>;

/** For all that Notion is asked. */
const TIMEOUT_MS = 30_000;

/**
 * What would be written of a kind now. Notion is only asked, and nothing is stored here.
 *
 * @throws InvalidInput for one that is not mirrored; ServiceUnavailable where Notion does not answer
 */
export async function previewOf(
  services: PreviewServices,
  name: NotionKind,
  first: number,
): Promise<Preview> {
  const { db, notion, mirror } = services;
  const configured = configuredKind(mirror, name);
  if (!configured) throw new InvalidInput('kind', `${name} is not mirrored; NOTION_MIRROR says what is`);
  const { kind, setting } = configured;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const known = (await allSources(db)).find(
      (each) => each.kind === name && each.databaseId === setting.database,
    );
    const source = await lookAt(
      services,
      configured,
      known ?? { dataSourceId: null, properties: [] },
      signal,
    );
    const { state, problem, properties, dataSourceId } = source;
    if (dataSourceId === null || state === 'BROKEN')
      return { kind: name, state, problem, properties, pages: [], isMore: false, tasks: [] };
    const look = {
      kind,
      properties,
      mapping: mappingHash(dataSourceId, properties),
      recreate: setting.recreate,
    };
    const rows = await changedRows(db.pool, look, first + 1, false);
    const shown = rows.slice(0, first);
    const unknown = shown.flatMap(({ pageId, externalId }) => (pageId === null ? [externalId] : []));
    const found = await pagesOfIds(notion, source, unknown, signal);
    const pages = shown.map<FuturePage>(({ externalId, pageId, values }) => {
      const page = pageId ?? found.get(externalId)?.[0] ?? null;
      return {
        ...{ externalId, pageId: page, action: page === null ? 'CREATE' : 'UPDATE' },
        values: writable(properties).map(({ field, name: property }) => ({
          property,
          value: values[field] ?? null,
        })),
      };
    });
    const tasks = setting.ready ? await futureTasks(services, source, setting.ready, signal) : [];
    return { kind: name, state, problem, properties, pages, isMore: rows.length > first, tasks };
  } catch (error) {
    if (error instanceof NotionProblem) throw new ServiceUnavailable(error.message);
    if (signal.aborted) throw new ServiceUnavailable('Notion did not answer in time');
    throw error;
  }
}
