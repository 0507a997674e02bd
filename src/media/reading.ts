import type { ChildSettings } from './child-messages.ts';
import type { FileIdentity, Identified, MediaFacts, Reading, ReadOptions } from './facts.ts';
import { decodeImage } from './images.ts';
import { claimOf, type Kind, kindOf } from './kinds.ts';
import { type Metadata, NO_METADATA, readMetadata, withSidecar } from './metadata.ts';
import {
  type FileContent,
  type OpenFile,
  openInside,
  readContent,
  refuseChanged,
  UnreadableFile,
} from './opening.ts';
import { measure, type Rendering, writeThumbnails } from './pictures.ts';
import { readSidecar } from './sidecars.ts';
import { readVideo } from './video.ts';

/** The hash of a file's bytes, and whether they are of media at all. Never throws for what a file is or does. */
export async function identifyFile(path: Buffer, roots: readonly string[]): Promise<Identified> {
  return openedFile(path, roots, async (file) => {
    const { fileHash, stat, bytes } = await readContent(file);
    const kind = await kindOf(bytes);
    const other = isOther(kind, path) ? { mediaType: kind.mediaType } : null;
    return { outcome: 'identified', fileHash, stat, other };
  });
}

/** Everything that is found in one file. Never throws for what a file is or does. */
export async function readFile(
  path: Buffer,
  options: ReadOptions,
  settings: ChildSettings,
): Promise<Reading> {
  return openedFile(path, options.roots, async (file) => {
    const content = await readContent(file);
    const kind = await kindOf(content.bytes);
    const reading = await readingOf({ path, file, content, kind, options, settings });
    await refuseChanged(file);
    return reading;
  });
}

async function openedFile<T>(
  path: Buffer,
  roots: readonly string[],
  use: (file: OpenFile) => Promise<T>,
): Promise<T | Extract<Reading, { outcome: 'unreadable' }>> {
  let file: OpenFile | null = null;
  try {
    file = await openInside(path, roots);
    return await use(file);
  } catch (error) {
    if (error instanceof UnreadableFile) return error.reading;
    throw error;
  } finally {
    await file?.handle.close();
  }
}

interface Source {
  readonly path: Buffer;
  readonly file: OpenFile;
  readonly content: FileContent;
  readonly kind: Kind;
  readonly options: ReadOptions;
  readonly settings: ChildSettings;
}

async function readingOf(source: Source): Promise<Reading> {
  const { content, kind, path } = source;
  const identity: FileIdentity = { fileHash: content.fileHash, stat: content.stat };
  const other = (mediaType: string | null): Reading => ({ ...identity, outcome: 'other', mediaType });
  if (isOther(kind, path)) return other(kind.mediaType);
  const claim = claimOf(path);
  if (kind.way === 'none' && claim) {
    const problem = content.stat.size === 0 ? 'it is empty' : `it is no ${claim}, though its name says so`;
    const mediaType = kind.mediaType ?? 'application/octet-stream';
    return {
      ...identity,
      outcome: 'media',
      facts: { ...NO_FACTS, kind: claim, mediaType, isBroken: true, problem },
    };
  }
  const facts = kind.way === 'video' ? await videoFacts(source) : await imageFacts(source);
  if (!facts) return other(kind.mediaType?.replace('video/', 'audio/') ?? null);
  return { ...identity, outcome: 'media', facts };
}

/** Whether it is no image and no video, and no broken one either: nor does its name say that it is. */
function isOther({ way, mediaType }: Kind, path: Buffer): boolean {
  return way === 'none' && (!claimOf(path) || mediaType?.startsWith('audio/') === true);
}

const NO_FACTS: Omit<MediaFacts, 'kind' | 'mediaType'> = {
  width: null,
  height: null,
  durationSeconds: null,
  codec: null,
  taken: null,
  location: null,
  placeNames: null,
  camera: null,
  words: NO_METADATA.words,
  sidecar: null,
  features: null,
  isBroken: false,
  problem: null,
  method: 'header only',
  thumbnails: [],
};

async function imageFacts(source: Source): Promise<MediaFacts> {
  const { file, content, kind, options, settings } = source;
  const own = await readMetadata(content.bytes);
  const holdsNoMetadata = kind.way === 'bmp' || kind.way === 'header';
  const { header: _header, ...described } = await withBeside(own, file, options, holdsNoMetadata);
  const { rendering, ...decoded } = await decodeImage({
    file,
    content,
    kind,
    metadata: own,
    maxPixels: settings.maxPixels,
  });
  return {
    ...NO_FACTS,
    kind: 'image',
    mediaType: kind.mediaType ?? 'application/octet-stream',
    ...described,
    ...decoded,
    ...(rendering ? await pixelFacts(rendering, source, decoded.problem) : {}),
  };
}

async function videoFacts(source: Source): Promise<MediaFacts | null> {
  const { file, kind, options, settings } = source;
  const video = await readVideo(file, kind, settings);
  if (!video) return null;
  const { rendering, title, caption, ...facts } = video;
  const own = {
    ...NO_METADATA,
    taken: facts.taken,
    location: facts.location,
    camera: facts.camera,
    words: { title, caption, keywords: [] },
  };
  const { header: _header, ...described } = await withBeside(own, file, options, true);
  return {
    ...NO_FACTS,
    kind: 'video',
    mediaType: kind.mediaType ?? 'application/octet-stream',
    ...facts,
    ...described,
    ...(rendering ? await pixelFacts(rendering, source, facts.problem) : {}),
  };
}

async function withBeside(
  own: Metadata,
  file: OpenFile,
  { roots }: ReadOptions,
  maySayShort: boolean,
): Promise<Metadata & Pick<MediaFacts, 'sidecar'>> {
  const { said, mark } = await readSidecar(file.path, roots, maySayShort);
  return { ...withSidecar(own, said), sidecar: mark };
}

/** What is measured of pixels, and thumbnails: a full disk costs the thumbnails only. */
async function pixelFacts(
  rendering: Rendering,
  { content, options }: Source,
  problem: string | null,
): Promise<Pick<MediaFacts, 'features' | 'thumbnails' | 'problem'>> {
  const features = await measure(rendering);
  try {
    const thumbnails = await writeThumbnails(rendering, options.thumbnails, content.fileHash);
    return { features, thumbnails, problem };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const reason = code === 'ENOSPC' ? 'no space is left on the disk' : code;
    return { features, thumbnails: [], problem: `its thumbnails could not be written: ${reason}` };
  }
}
