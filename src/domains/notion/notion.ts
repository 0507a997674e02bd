import type { NotionKindSetting, NotionMirrorSetting } from '../../config/notion.ts';

import type { Database } from '../../db/client.ts';
import type { Logger } from '../../log.ts';
import { type NotionApi, NotionProblem } from './api.ts';
import type { ConfiguredKind } from './configured.ts';
import { EXTERNAL_ID, TITLE } from './kind.ts';
import { type KnownProperty, mapFields, writable } from './mapping.ts';
import { noteSource, type Resolved, sourceOf } from './sources.ts';
import type { MappedProperty, SourceRow } from './tables.ts';

/** What whoever mirrors something works with. */
export interface MirrorServices {
  readonly db: Database;
  readonly log: Logger;
  readonly notion: NotionApi;
  readonly mirror: NotionMirrorSetting;
}

/** Problems after which nobody knows more of the mapping than before. */
const PASSING = ['PAUSE', 'AWAY', 'REFUSED'];

/**
 * Looks in Notion where a kind goes, and notes it.
 *
 * @throws NotionProblem where Notion does not answer, or lets the integration do nothing
 */
export async function resolveSource(
  services: MirrorServices,
  { kind, setting }: ConfiguredKind,
  signal: AbortSignal,
): Promise<SourceRow> {
  const { db, log } = services;
  const before = await sourceOf(db, kind.name, setting);
  const found = await lookAt(services, { kind, setting }, before, signal);
  if (found.problem !== before.problem && found.problem !== null)
    log.warn(
      { kind: kind.name, problem: found.problem },
      'a kind cannot be mirrored to Notion as it is set up',
    );
  await noteSource(db, before, found);
  return sourceOf(db, kind.name, setting);
}

/** What is in Notion now. */
export async function lookAt(
  { notion }: Pick<MirrorServices, 'notion'>,
  { kind, setting }: ConfiguredKind,
  before: Pick<SourceRow, 'dataSourceId' | 'properties'>,
  signal: AbortSignal,
): Promise<Resolved> {
  try {
    const database = await notion.ask(signal, (client) =>
      client.databases.retrieve({ database_id: setting.database }),
    );
    const sources = 'data_sources' in database ? database.data_sources : [];
    const title = 'title' in database ? database.title.map(({ plain_text }) => plain_text).join('') : null;
    const chosen = setting.dataSource
      ? sources.find(({ id }) => bare(id) === bare(setting.dataSource))
      : sources.length === 1
        ? sources[0]
        : undefined;
    if (!chosen) return { ...broken(before, sourceProblem(setting, sources)), title };
    const source = await notion.ask(signal, (client) =>
      client.dataSources.retrieve({ data_source_id: chosen.id }),
    );
    const schema: KnownProperty[] = Object.values(source.properties).map(({ id, name, type }) => ({
      id,
      name,
      type,
    }));
    const known =
      before.dataSourceId === null || bare(before.dataSourceId) === bare(chosen.id) ? before.properties : [];
    const properties = mapFields(kind, setting, known, schema);
    return { dataSourceId: chosen.id, title, properties, ...standing(properties) };
  } catch (error) {
    if (!(error instanceof NotionProblem) || PASSING.includes(error.kind)) throw error;
    const words =
      error.kind === 'MISSING'
        ? 'the database is not there, or not shared with the integration'
        : error.message;
    return broken(before, words);
  }
}

function standing(properties: readonly MappedProperty[]): Pick<Resolved, 'state' | 'problem'> {
  const problems = properties.flatMap(({ problem }) => problem ?? []);
  if (problems.length === 0) return { state: 'MIRRORING', problem: null };
  const fields = writable(properties).map(({ field }) => field);
  const isUsable = fields.includes(EXTERNAL_ID) && fields.includes(TITLE);
  return { state: isUsable ? 'PARTIAL' : 'BROKEN', problem: problems.join('; ') };
}

function broken({ properties }: Pick<SourceRow, 'properties'>, problem: string): Resolved {
  return { dataSourceId: null, title: null, properties, state: 'BROKEN', problem };
}

function sourceProblem(
  { dataSource }: NotionKindSetting,
  sources: readonly { readonly id: string; readonly name: string }[],
): string {
  const names = sources.map(({ id, name }) => `"${name}" (${id})`).join(', ');
  return dataSource
    ? `the database has no data source ${dataSource}, but ${names || 'none'}`
    : `the database has ${sources.length} data sources, and "dataSource" does not say which: ${names || 'none'}`;
}

const bare = (id: string | undefined) => id?.replaceAll('-', '').toLowerCase();
