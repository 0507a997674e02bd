import { isAbsolute } from 'node:path';
import type { Owner } from '../../access/principals.ts';
import { charactersWithReferences } from '../characters/reference-images.ts';
import { bitsOf, distanceOf } from './bands.ts';
import { filesAt, type Sender } from './files.ts';
import { keyOfPath } from './paths.ts';
import { USUAL_DISTANCE } from './reads.ts';
import type { CharacterReference } from './shapes.ts';
import type { MediaInsightRow } from './tables.ts';

/** A picture of a character, as far as it is known. */
export interface ReferencePicture {
  readonly name: string;
  /** Of its content; null: only its perceptual hash is named. */
  readonly fileHash: string | null;
  /** Null: it has none, or the content is not known yet. */
  readonly bits: bigint | null;
}

/** What is compared of an insight, and which characters it was said to show. */
export interface ComparedPicture {
  readonly fileHash: string;
  readonly perceptualBits: bigint | null;
  readonly characterReferences: unknown;
}

const FILE_HASH = /^[0-9a-f]{64}$/i;
const PERCEPTUAL_HASH = /^[0-9a-f]{16}$/i;

/**
 * The pictures that a user's characters name as theirs, by the hash of a content, a perceptual hash, or the path of a file that
 * was indexed for this user. Nothing is opened for it, and no address is ever fetched.
 *
 * @param coming a content and the path at which it is being stored, of which there are no rows yet
 */
export async function referencePictures(
  sender: Sender,
  owner: Owner,
  coming:
    | (Pick<ComparedPicture, 'fileHash' | 'perceptualBits'> & { readonly shownPath: string })
    | null = null,
): Promise<ReferencePicture[]> {
  const characters = await charactersWithReferences(sender, owner);
  const named = characters.flatMap(({ name, references }) =>
    references.flatMap((reference) => ({ name, ...namedBy(reference) })),
  );
  if (named.length === 0) return [];
  const paths = named.flatMap(({ path }) => path ?? []);
  const files =
    paths.length > 0
      ? await filesAt(
          sender,
          owner,
          paths.map((path) => Buffer.from(path)),
        )
      : new Map();
  const contentOf = (path: string): string | null =>
    coming?.shownPath === path
      ? coming.fileHash
      : (files.get(keyOfPath(Buffer.from(path)))?.fileHash ?? null);
  const pictures = named.map(({ name, fileHash, path, bits }) => ({
    name,
    fileHash: fileHash ?? (path ? contentOf(path) : null),
    bits: bits ?? null,
  }));
  const known = await bitsOfContents(
    sender,
    owner,
    pictures.flatMap(({ fileHash }) => fileHash ?? []),
  );
  if (coming) known.set(coming.fileHash, coming.perceptualBits);
  return pictures
    .filter(({ fileHash, bits }) => fileHash !== null || bits !== null)
    .map((picture) => ({
      ...picture,
      bits: picture.fileHash === null ? picture.bits : (known.get(picture.fileHash) ?? null),
    }));
}

/** What an entry of `referenceImages` names: one of these, or nothing. */
function namedBy(reference: unknown): { fileHash?: string; path?: string; bits?: bigint } {
  if (typeof reference === 'string') {
    if (FILE_HASH.test(reference)) return { fileHash: reference.toLowerCase() };
    return isPath(reference) ? { path: reference } : {};
  }
  if (typeof reference !== 'object' || reference === null) return {};
  const { fileHash, perceptualHash, path } = reference as Readonly<Record<string, unknown>>;
  if (typeof fileHash === 'string' && FILE_HASH.test(fileHash)) return { fileHash: fileHash.toLowerCase() };
  if (typeof perceptualHash === 'string' && PERCEPTUAL_HASH.test(perceptualHash))
    return { bits: bitsOf(perceptualHash) };
  return typeof path === 'string' && isPath(path) ? { path } : {};
}

function isPath(text: string): boolean {
  return isAbsolute(text) && !text.includes('\0');
}

async function bitsOfContents(
  sender: Sender,
  { tenantId, userId }: Owner,
  hashes: readonly string[],
): Promise<Map<string, bigint | null>> {
  if (hashes.length === 0) return new Map();
  const { rows } = await sender.query<{ hash: string; bits: string | null }>({
    name: 'media_bits_of_contents',
    text: `select file_hash as hash, perceptual_bits as bits from echo_media_insights
           where file_hash = any($3) and tenant_id = $1 and user_id = $2`,
    values: [tenantId, userId, hashes],
  });
  return new Map(rows.map(({ hash, bits }) => [hash, bits === null ? null : BigInt(bits)]));
}

/**
 * Who is in a picture: what was said of it otherwise, and each character one of whose reference pictures it is, or is a near
 * copy of. @returns null: nobody
 */
export function charactersShown(
  picture: ComparedPicture,
  references: readonly ReferencePicture[],
): CharacterReference[] | null {
  const said = Array.isArray(picture.characterReferences)
    ? (picture.characterReferences as CharacterReference[])
    : [];
  const shown = new Map<string, CharacterReference>();
  for (const reference of references) {
    const distance = distanceTo(picture, reference);
    const before = shown.get(reference.name)?.distance ?? Number.POSITIVE_INFINITY;
    if (distance <= USUAL_DISTANCE && distance < before)
      shown.set(reference.name, { name: reference.name, method: 'REFERENCE', distance });
  }
  const all = [...said.filter((each) => each?.method !== 'REFERENCE'), ...shown.values()];
  return all.length > 0 ? all : null;
}

function distanceTo({ fileHash, perceptualBits }: ComparedPicture, reference: ReferencePicture): number {
  if (reference.fileHash === fileHash) return 0;
  if (reference.bits === null || perceptualBits === null) return Number.POSITIVE_INFINITY;
  return distanceOf(reference.bits, perceptualBits);
}

/** As `charactersShown` wants it. */
export function comparedOf(row: MediaInsightRow): ComparedPicture {
  const { fileHash, perceptualBits, characterReferences } = row;
  return { fileHash, perceptualBits, characterReferences };
}
