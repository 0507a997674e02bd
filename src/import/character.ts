import { readFile } from 'node:fs/promises';
import { isZip } from '../cards/archive.ts';
import { CardError, NoCardError } from '../cards/card-error.ts';
import { findCard, openCard, withData } from '../cards/container.ts';
import {
  MAX_CARD_BYTES,
  MAX_CARD_FILES,
  MAX_UPLOADED_ARCHIVE_BYTES,
  MAX_UPLOADED_CARD_BYTES,
} from '../cards/limits.ts';
import { isPng } from '../cards/png.ts';
import { FIELD_NAMES, NAME_PROBLEM, profileOf } from '../cards/profile.ts';
import { asUtf8, fileSize, type Position } from './files.ts';
import {
  bad,
  type CharacterRecord,
  ImportFileError,
  type ImportRecord,
  toCharacterRecord,
  UnknownFormatError,
} from './records.ts';

/** Bytes of a file of a character card, which is read whole. */
const MAX_READ_BYTES = 64 * 1024 * 1024;

/** Of an archive that is read to be sent whole. */
const LIMITS = {
  cardBytes: MAX_CARD_BYTES,
  fileBytes: MAX_UPLOADED_CARD_BYTES,
  archiveBytes: MAX_UPLOADED_ARCHIVE_BYTES,
  files: MAX_CARD_FILES,
};

/**
 * Reads a SillyTavern character card (see `cards/container.ts`). `{{char}}` in the texts of its profile becomes the character's
 * name; the card itself is sent as it is. Where the server does not take so large a file, the card is sent without its
 * picture, and a larger one as a profile only; that is told, and what of the profile is shortened to the server's limits.
 *
 * @throws ImportFileError where the file is larger than 64 MiB, damaged, or holds no card
 */
export async function* readCharacter(file: string, position: Position): AsyncGenerator<ImportRecord> {
  const size = await fileSize(file);
  if (size > MAX_READ_BYTES) {
    throw new ImportFileError(
      `"${file}" has ${size} bytes; a character card may have ${MAX_READ_BYTES} (64 MiB)`,
    );
  }
  const bytes = await readFile(file);
  position.bytes = bytes.length;
  const card = await cardIn(bytes);
  const record = toRecord(card);
  if (record.kind !== 'character') yield record;
  else yield withCard(record, card, bytes);
}

/** The record with as much of the file as the server takes. */
function withCard(record: CharacterRecord, card: Record<string, unknown>, bytes: Buffer): CharacterRecord {
  const told = [...(record.told ?? [])];
  // What an archive holds beside the card, somebody has seen to be within the server's limits.
  const [isPicture, isWhole] = [isPng(bytes), isPng(bytes) || isZip(bytes)];
  const { spec, spec_version, data } = card;
  const json = Buffer.from(JSON.stringify(data === undefined ? card : { spec, spec_version, data }));
  let sent: Buffer | null = isWhole ? bytes : asUtf8(bytes);
  if (sent.length > (isWhole ? MAX_UPLOADED_CARD_BYTES : MAX_CARD_BYTES)) {
    if (isPicture)
      told.push(`left out: the picture, since the file has more than ${MAX_UPLOADED_CARD_BYTES} bytes`);
    sent = json;
  }
  if (json.length > MAX_CARD_BYTES) sent = null;
  if (sent === null)
    told.push(`left out: all but the profile, since the card has more than ${MAX_CARD_BYTES} bytes`);
  return {
    ...record,
    ...(sent !== null && { card: sent.toString('base64') }),
    ...(told.length > 0 && { told }),
  };
}

async function cardIn(bytes: Buffer): Promise<Record<string, unknown>> {
  try {
    return isZip(bytes) ? withData((await openCard(bytes, LIMITS)).card) : findCard(asUtf8(bytes));
  } catch (error) {
    if (error instanceof NoCardError) throw new UnknownFormatError(error.message, { cause: error });
    if (error instanceof CardError) throw new ImportFileError(error.message, { cause: error });
    throw error;
  }
}

function toRecord(card: Record<string, unknown>): ImportRecord {
  const read = profileOf(card);
  if (!read) return bad(1, 'name', NAME_PROBLEM);
  const { profile, told } = read;
  const record = toCharacterRecord(1, profile, FIELD_NAMES);
  return record.kind === 'character' && told.length > 0 ? { ...record, told } : record;
}
