import { PNG_SIGNATURE, readPngText } from './png.ts';
import { ImportFileError, isObject, UnknownFormatError } from './records.ts';

/**
 * The fields of a character card: JSON of version 1 (flat), 2 or 3, or a PNG image that carries one in a text chunk
 * named `ccv3` (preferred) or `chara`, in any case. Of cards that hold the fields twice, those under `data` count.
 *
 * @throws ImportFileError where it holds no card that can be read
 */
export function findCard(bytes: Buffer): Record<string, unknown> {
  if (!bytes.subarray(0, PNG_SIGNATURE.length).equals(PNG_SIGNATURE)) return parseCard(bytes, 'the file');
  const texts = readPngText(bytes);
  const found = ['ccv3', 'chara'].filter((name) => texts.has(name));
  if (found.length === 0)
    throw new UnknownFormatError(
      'the PNG image holds no character: it has no text chunk named "ccv3" or "chara"',
    );
  let firstProblem: unknown;
  for (const keyword of found) {
    try {
      return parseCard(decode(texts.get(keyword) ?? '', keyword), `the "${keyword}" chunk`);
    } catch (error) {
      // The other copy may be whole.
      if (!(error instanceof ImportFileError)) throw error;
      firstProblem ??= error;
    }
  }
  throw firstProblem;
}

/** Base64 with line breaks, with or without padding, also in the alphabet for addresses. */
function decode(text: string, keyword: string): Buffer {
  const encoded = text.replace(/\s+/g, '').replaceAll('-', '+').replaceAll('_', '/');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(encoded))
    throw new ImportFileError(`the "${keyword}" chunk is not Base64`);
  return Buffer.from(encoded, 'base64');
}

function parseCard(bytes: Buffer, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ImportFileError(`${where} is not JSON in UTF-8`, { cause: error });
  }
  if (!isObject(value))
    throw new ImportFileError(`${where} is not a character card: it must be a JSON object`);
  if (value.spec === undefined) {
    if (isVersion1(value)) return value;
    throw new ImportFileError(
      `${where} is not a character card: beside "name" it needs "first_mes", or "personality" and "scenario"`,
    );
  }
  if (value.spec !== 'chara_card_v2' && value.spec !== 'chara_card_v3') {
    throw new ImportFileError(
      `${where} is a card of the unknown kind ${JSON.stringify(value.spec)}; known are chara_card_v2 and chara_card_v3`,
    );
  }
  if (!isObject(value.data)) throw new ImportFileError(`${where} is a ${value.spec} card without "data"`);
  const own = Object.entries(value.data).filter(([, field]) => field !== null);
  return { ...value, ...Object.fromEntries(own) };
}

/** Much has a name and a description; a card also speaks, or has a personality. */
export function isVersion1(value: Record<string, unknown>): boolean {
  const has = (field: string) => typeof value[field] === 'string';
  return has('name') && (has('first_mes') || (has('personality') && (has('scenario') || has('description'))));
}
