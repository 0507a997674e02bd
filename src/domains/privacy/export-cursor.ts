import { z } from 'zod';
import { conversationId, text } from '../../ground/input.ts';
import type { Section } from '../../ground/section.ts';
import type { ExportPosition } from './export.ts';

/** What a column of type integer holds. */
const LARGEST_INTEGER = 2_147_483_647;

/** Of a path in a card, with the name of its character, as JSON. */
const LONGEST_KEY = 5_000;

const number = z.int().min(0).max(LARGEST_INTEGER);
/** Key, number, and the section's name. Two sections had cursors before sections had names, and keep their form. */
const Cursor = z.union([
  z.tuple([z.literal(''), number]).transform(([key, at]) => of('character', key, at)),
  z.tuple([conversationId, number]).transform(([key, at]) => of('conversation', key, at)),
  z.tuple([text(LONGEST_KEY, 0), number, z.string()]).transform(([key, at, section]) => of(section, key, at)),
]);

function of(section: string, key: string, at: number): ExportPosition {
  return { section, place: { key, number: at } };
}

/** The text that leads to the next page. */
export function cursorOf({ section, place: { key, number: at } }: ExportPosition): string {
  const isShort = key === '' ? section === 'character' : section === 'conversation';
  return Buffer.from(JSON.stringify(isShort ? [key, at] : [key, at, section])).toString('base64url');
}

/** Where a page begins; null if the text is no cursor of these sections. */
export function positionOf(cursor: string, sections: readonly Section<never>[]): ExportPosition | null {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
  const { data: position } = Cursor.safeParse(parts);
  return position && sections.some(({ kinds: [name] }) => name === position.section) ? position : null;
}
