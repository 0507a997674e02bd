import { isObject, type Json } from './container.ts';

/** Versions of the format, as its specifications number them. */
export type CardVersion = 1 | 2 | 3;

/** The fields of version 1, all texts. */
export const V1_FIELDS = [
  'name',
  'description',
  'personality',
  'scenario',
  'first_mes',
  'mes_example',
] as const;
/** What version 2 adds, and what stands there where nothing is said; null: the field is absent then. */
const V2_BLANKS: Readonly<Json> = {
  creator_notes: '',
  system_prompt: '',
  post_history_instructions: '',
  alternate_greetings: [],
  tags: [],
  creator: '',
  character_version: '',
  extensions: {},
};
/** What version 3 adds: a card of version 2 has no place for it. */
const V3_ONLY = [
  ...['assets', 'nickname', 'creator_notes_multilingual', 'source', 'group_only_greetings'],
  ...['creation_date', 'modification_date'],
];

/** Which version a card is of. */
export function versionOf(card: Json): CardVersion {
  if (card.spec === 'chara_card_v3') return 3;
  return card.spec === 'chara_card_v2' ? 2 : 1;
}

/**
 * The fields of a card, wherever its version has them: those under `data`, and where one is missing or null there, the one
 * at the top, as programs write both.
 */
export function dataOf(card: Json): Json {
  if (versionOf(card) === 1) return card;
  const data = isObject(card.data) ? card.data : {};
  const top = V1_FIELDS.filter((field) => data[field] == null && card[field] != null);
  return { ...data, ...Object.fromEntries(top.map((field) => [field, card[field]])) };
}

/**
 * A card in another version of the format; one that is of this version stays as it is, field by field. What an older version
 * has no place for is left out; fields that no version has stay where they are.
 */
export function inVersion(card: Json, version: CardVersion): Json {
  if (versionOf(card) === version) return card;
  const data = dataOf(card);
  if (version === 1) return Object.fromEntries(V1_FIELDS.map((field) => [field, textOf(data[field])]));
  const isFlat = versionOf(card) === 1;
  const known = isFlat ? pick(data, [...V1_FIELDS, ...Object.keys(V2_BLANKS), 'character_book']) : data;
  const kept = version === 3 ? known : without(known, V3_ONLY);
  const top = without(card, ['spec', 'spec_version', 'data', ...(isFlat ? Object.keys(known) : [])]);
  return {
    ...{ spec: `chara_card_v${version}`, spec_version: `${version}.0` },
    data: {
      ...Object.fromEntries(V1_FIELDS.map((field) => [field, ''])),
      ...structuredClone(V2_BLANKS),
      ...(version === 3 && { group_only_greetings: [] }),
      ...Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== null)),
    },
    ...top,
  };
}

/** The card with other values of some fields; undefined takes a field away. */
export function withFields(card: Json, fields: Json): Json {
  const changed = (object: Json, names: readonly string[]) => {
    const result = { ...object };
    for (const name of names) {
      if (fields[name] === undefined) delete result[name];
      else result[name] = fields[name];
    }
    return result;
  };
  const names = Object.keys(fields);
  if (versionOf(card) === 1) return changed(card, names);
  // Programs that write both read either.
  const twice = names.filter((name) => name in card && name !== 'data');
  return { ...changed(card, twice), data: changed(isObject(card.data) ? card.data : {}, names) };
}

/** A text of a card; numbers as they are written, everything else is none. */
export function textOf(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value : '';
}

/** The texts of a list. */
export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}

function pick(object: Json, names: readonly string[]): Json {
  return Object.fromEntries(names.filter((name) => name in object).map((name) => [name, object[name]]));
}

function without(object: Json, names: readonly string[]): Json {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}
