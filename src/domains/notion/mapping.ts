import { createHash } from 'node:crypto';
import type { NotionKindSetting } from '../../config/notion.ts';
import { EXTERNAL_ID, type MirroredField, type MirroredKind, TITLE } from './kind.ts';
import type { MappedProperty } from './tables.ts';
import { TYPES } from './values.ts';

/** A property as Notion describes it. */
export interface KnownProperty {
  readonly id: string;
  readonly name: string;
  readonly type: string;
}

/**
 * Which property each field goes to. One that was found before is known by its id, whatever it is called by now; where the
 * settings name no properties, those with the usual names are taken that are there.
 *
 * @param known what was found before
 * @param schema all properties of the data source
 */
export function mapFields(
  kind: MirroredKind,
  setting: Pick<NotionKindSetting, 'properties' | 'ready'>,
  known: readonly MappedProperty[],
  schema: readonly KnownProperty[],
): MappedProperty[] {
  const named = setting.properties ?? {};
  return kind.fields.flatMap((field) => {
    const ofRequests = setting.ready ? field.ofRequests : undefined;
    const isNeeded = field.name === EXTERNAL_ID || field.name === TITLE || ofRequests !== undefined;
    const asked = named[field.name] ?? ofRequests ?? (setting.properties && !isNeeded ? null : field.usual);
    if (asked === null) return [];
    const before = known.find((each) => each.field === field.name && each.asked === asked && each.id !== '');
    const found =
      schema.find(({ id }) => before && sameId(id, before.id)) ??
      schema.find(({ name, id }) => name === asked || sameId(id, asked)) ??
      (field.name === TITLE && !(field.name in named)
        ? schema.find(({ type }) => type === 'title')
        : undefined);
    const wrong = found ? typeProblem(field, found) : missing(field, before, asked);
    // A column of the operator's own that happens to be called like that is left alone.
    if (wrong !== null && !before && !(field.name in named) && !isNeeded) return [];
    const { id, name, type } = found ?? before ?? { id: '', name: asked, type: '' };
    return [{ field: field.name, asked, id, name, type, problem: wrong, isRead: field.isRead ?? false }];
  });
}

/** @returns fields that this kind does not have */
export function unknownFields(kind: MirroredKind, setting: Pick<NotionKindSetting, 'properties'>): string[] {
  return Object.keys(setting.properties ?? {}).filter(
    (name) => !kind.fields.some((field) => field.name === name),
  );
}

/** Those that are as they should be. */
export function usable(properties: readonly MappedProperty[]): MappedProperty[] {
  return properties.filter(({ problem }) => problem === null);
}

/** Those of them that are written. */
export function writable(properties: readonly MappedProperty[]): MappedProperty[] {
  return usable(properties).filter(({ isRead }) => !isRead);
}

/** SHA-256 of where fields go: where that changes, all pages are written anew. */
export function mappingHash(dataSourceId: string, properties: readonly MappedProperty[]): Buffer {
  const places = writable(properties).map(({ field, id, type }) => [field, id, type]);
  return createHash('sha256')
    .update(JSON.stringify([dataSourceId, places]))
    .digest();
}

function missing({ name }: MirroredField, before: MappedProperty | undefined, asked: string): string {
  return before
    ? `the property "${before.name}" of the field ${name} was deleted`
    : `there is no property "${asked}" for the field ${name}`;
}

function typeProblem({ name, form }: MirroredField, found: KnownProperty): string | null {
  const types = name === TITLE ? ['title'] : TEXTS.includes(name) ? ['rich_text'] : TYPES[form];
  return types.includes(found.type)
    ? null
    : `the property "${found.name}" of the field ${name} is of the type ${found.type}, and must be ${types.join(' or ')}`;
}

/** Fields that are looked for, or read, as a text. */
const TEXTS = [EXTERNAL_ID, 'payload', 'answer'];

/** Ids are percent-encoded in some answers and not in others. */
function sameId(one: string, other: string): boolean {
  return plain(one) === plain(other);
}

function plain(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
