/**
 * A text as a database can hold it: U+FFFD for NUL and for halves of surrogate pairs, which exports carry where texts
 * were cut. The rest is as it was.
 */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

/** How far back from the limit a text is rather cut at the end of a line or a word. */
const SOFT_SHARE = 0.1;

/** A text in pieces of at most so many characters (code points); joined they are the text. */
export function inPieces(text: string, maximum: number): string[] {
  const pieces: string[] = [];
  let characters = Array.from(text);
  while (characters.length > maximum) {
    const piece = characters.slice(0, maximum);
    const soft = Math.floor(maximum * (1 - SOFT_SHARE));
    const line = piece.lastIndexOf('\n');
    const word = piece.lastIndexOf(' ');
    const end = line >= soft ? line + 1 : word >= soft ? word + 1 : maximum;
    pieces.push(characters.slice(0, end).join(''));
    characters = characters.slice(end);
  }
  return [...pieces, characters.join('')];
}
