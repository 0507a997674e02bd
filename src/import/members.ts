import { readElements } from './elements.ts';
import type { Mark, Position } from './files.ts';
import { isObject } from './records.ts';

/** A conversation, or what stands in its place, and its number in the file. */
export type Member = { line: number; value: unknown };

/**
 * The conversations of a file, each told by its number: its elements, or those with this field in them. Whoever reads them
 * without keeping anything in mind can go on where `position.mark` was.
 *
 * @throws ImportFileError as `readElements`
 */
export async function* readMembers(
  file: string,
  position: Position,
  field: string | null,
): AsyncGenerator<Member> {
  let line = position.from?.line ?? 0;
  let end: Omit<Mark, 'line'> | null = null;
  position.mark = position.from;
  const elements = readElements(file, position, null, (place) => {
    end = place;
  });
  for await (const element of elements) {
    for (const value of field === null ? [element] : membersWith(field, element))
      yield { line: ++line, value };
    if (end !== null) position.mark = { ...(end as Omit<Mark, 'line'>), line };
    end = null;
  }
}

/**
 * The objects with this field that an element is: itself, or, as some tools write them, those of a list or of the lists
 * in an object.
 */
export function membersWith(field: string, element: unknown): readonly unknown[] {
  if (Array.isArray(element) && element.length > 0) return element;
  if (!isObject(element) || field in element) return [element];
  const lists = Object.values(element).filter(
    (value): value is unknown[] =>
      Array.isArray(value) && value.some((each) => isObject(each) && field in each),
  );
  return lists.length > 0 ? lists.flat() : [element];
}
