import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import type { ZipFile as Archive, Entry } from 'yauzl';
import { CardError } from './card-error.ts';

/** Where the directory of an archive ends: its signature, and at most a comment of 65,535 bytes behind 22. */
const END = Buffer.from('PK\x05\x06', 'latin1');
const MAX_END_BYTES = 65_535 + 22;
const START = Buffer.from('PK\x03\x04', 'latin1');
/** So that the same card is the same bytes. */
const NO_TIME = new Date(1980, 0, 1);

/** Whether it is a ZIP archive, or one stands behind something else, as RisuAI puts it behind a picture. */
export function isZip(bytes: Buffer): boolean {
  if (bytes.subarray(0, 4).equals(START)) return true;
  const tail = bytes.subarray(-MAX_END_BYTES);
  return bytes.includes(START) && tail.includes(END) && !bytes.subarray(0, 1).equals(Buffer.from('{'));
}

/**
 * What an archive holds, by path, unpacked in memory.
 *
 * @throws CardError where it is damaged or encrypted, a path leaves it, or it holds more than the limits allow
 */
export async function readArchive(
  bytes: Buffer,
  limits: { readonly fileBytes: number; readonly archiveBytes: number; readonly files: number },
): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  let left = limits.archiveBytes;
  try {
    const { fromBufferPromise } = await import('yauzl');
    const archive = await fromBufferPromise(withoutPrefix(bytes), { lazyEntries: true, autoClose: false });
    for await (const entry of archive.eachEntry()) {
      if (entry.fileName.endsWith('/')) continue;
      checkEntry(entry, { ...limits, left });
      if (files.has(entry.fileName)) throw new CardError(`the archive has two files "${entry.fileName}"`);
      if (files.size >= limits.files)
        throw new CardError(`the archive may hold at most ${limits.files} files`);
      files.set(entry.fileName, await unpack(archive, entry));
      left -= entry.uncompressedSize;
    }
  } catch (error) {
    if (error instanceof CardError) throw error;
    throw new CardError(`the archive cannot be read: ${(error as Error).message}`, { cause: error });
  }
  return files;
}

/** An archive of these files, in their order. */
export async function writeArchive(
  files: Iterable<readonly [path: string, content: Buffer]>,
): Promise<Buffer> {
  const { ZipFile } = await import('yazl');
  const archive = new ZipFile();
  for (const [path, content] of files) archive.addBuffer(content, path, { mtime: NO_TIME });
  archive.end();
  return buffer(archive.outputStream);
}

/** What stands before the archive shifts the places that it names. */
function withoutPrefix(bytes: Buffer): Buffer {
  if (bytes.subarray(0, 4).equals(START)) return bytes;
  const end = bytes.lastIndexOf(END);
  if (end < 0 || end + 20 > bytes.length) return bytes;
  const before = end - bytes.readUInt32LE(end + 12) - bytes.readUInt32LE(end + 16);
  return before > 0 ? bytes.subarray(before) : bytes;
}

function checkEntry(
  entry: Entry,
  limits: { readonly fileBytes: number; readonly archiveBytes: number; readonly left: number },
): void {
  const { fileName, uncompressedSize } = entry;
  const size = uncompressedSize.toLocaleString('en-US');
  if (entry.isEncrypted()) throw new CardError(`"${fileName}" of the archive is encrypted`);
  if (uncompressedSize > limits.fileBytes)
    throw new CardError(
      `"${fileName}" of the archive would unpack to ${size} bytes; at most ${limits.fileBytes.toLocaleString('en-US')} are taken`,
    );
  if (uncompressedSize > limits.left)
    throw new CardError(
      `the archive would unpack to more than ${limits.archiveBytes.toLocaleString('en-US')} bytes`,
    );
}

/** The library sees that a file is as large as it is said to be, and does not look at checksums. */
async function unpack(archive: Archive, entry: Entry): Promise<Buffer> {
  const content = await buffer(await archive.openReadStreamPromise(entry));
  if (crc32(content) !== entry.crc32)
    throw new CardError(`"${entry.fileName}" of the archive is damaged: its checksum is wrong`);
  return content;
}
