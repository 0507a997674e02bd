/**
 * A text as a database can hold it: U+FFFD for NUL and for halves of surrogate pairs, which exports carry where texts
 * were cut. The rest is as it was.
 */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

/** A value as it goes into JSON, all its texts and keys as a database can hold them. What is neither list nor plain object stays as it is. */
export function storableJson(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (Array.isArray(value)) return value.map(storableJson);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [storableText(key), storableJson(item)]),
  );
}

/** How far back from the limit a text is rather cut at the end of a line or a word. */
const SOFT_SHARE = 0.1;

/** A text in pieces of at most so many characters (code points); joined they are the text. */
export function inPieces(text: string, maximum: number): string[] {
  const pieces: string[] = [];
  const soft = Math.floor(maximum * (1 - SOFT_SHARE));
  let start = 0;
  // No array of its characters: a text may have a hundred million.
  while (text.length - start > maximum) {
    const softEnd = behind(text, start, soft);
    const hardEnd = behind(text, softEnd, maximum - soft);
    if (hardEnd >= text.length) break;
    const tail = text.slice(softEnd, hardEnd);
    const cut = Math.max(tail.lastIndexOf('\n'), tail.includes('\n') ? -1 : tail.lastIndexOf(' '));
    const end = cut < 0 ? hardEnd : softEnd + cut + 1;
    pieces.push(text.slice(start, end));
    start = end;
  }
  return [...pieces, text.slice(start)];
}

/** The place behind so many characters from a place on, or the end of the text. */
function behind(text: string, from: number, characters: number): number {
  let place = from;
  for (let count = 0; count < characters && place < text.length; count++)
    place += (text.codePointAt(place) ?? 0) > 0xffff ? 2 : 1;
  return place;
}

/** The first so many characters (code points) of a text. */
export function beginningOf(text: string, maximum: number): string {
  return text.length <= maximum ? text : text.slice(0, behind(text, 0, maximum));
}
