import type { FieldForm } from './kind.ts';
import type { MappedProperty } from './tables.ts';

/** UTF-16 units of one piece of text; Notion takes 2,000. */
const MAX_PIECE = 1_900;
/** Pieces of one property; Notion takes 100. */
const MAX_PIECES = 20;
/** Of the name of a choice, which has no commas either. */
const MAX_CHOICE = 100;

/** Types of properties that can hold a form, the fittest first. */
export const TYPES: Readonly<Record<FieldForm, readonly string[]>> = {
  text: ['rich_text', 'title', 'select'],
  choice: ['select', 'status', 'rich_text', 'title'],
  number: ['number', 'rich_text'],
  instant: ['date', 'rich_text'],
  day: ['date', 'rich_text'],
};

/** A value of a property, as Notion takes it. */
export type PropertyValue = Readonly<Record<string, unknown>>;

/** What a property of this type is told. @param value null: nothing */
export function propertyValue(type: string, value: string | null): PropertyValue {
  if (type === 'number') return { number: value === null ? null : Number(value) };
  if (type === 'date') return { date: value === null ? null : { start: value } };
  if (type === 'select' || type === 'status')
    return { [type]: value === null || value === '' ? null : { name: choiceOf(value) } };
  return { [type]: piecesOf(value ?? '').map((content) => ({ type: 'text', text: { content } })) };
}

/** What the properties of a page are told, by their ids. */
export function propertyValues(
  properties: readonly MappedProperty[],
  values: Readonly<Record<string, string | null>>,
): Record<string, PropertyValue> {
  return Object.fromEntries(
    properties.map(({ field, id, type }) => [id, propertyValue(type, values[field] ?? null)]),
  );
}

/** A text in pieces that Notion takes, none of which ends within a character; the end of one that is too long is left out. */
export function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  const whole = text.toWellFormed();
  for (let start = 0; start < whole.length; ) {
    if (pieces.length === MAX_PIECES)
      return [...pieces.slice(0, -1), `${cut(pieces.at(-1) ?? '', MAX_PIECE - 1)}…`];
    const piece = cut(whole.slice(start), MAX_PIECE);
    pieces.push(piece);
    start += piece.length;
  }
  return pieces;
}

function choiceOf(value: string): string {
  return cut(value.toWellFormed().replaceAll(',', ';'), MAX_CHOICE);
}

/** At most so many units, without half a character at the end. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const isWithin = /[\uD800-\uDBFF]/.test(text[most - 1] ?? '');
  return text.slice(0, isWithin ? most - 1 : most);
}
