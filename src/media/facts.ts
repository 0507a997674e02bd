/**
 * Of the program that reads files: whoever changes what is found in them raises it, and files that an older one read are
 * read again.
 */
export const READER_VERSION = 2;

/** The bytes of a file, as they were while it was read. */
export interface FileIdentity {
  /** SHA-256, hexadecimal. */
  readonly fileHash: string;
  readonly stat: FileStat;
}

/** By which one sees, without reading it, that a file is as it was. */
export interface FileStat {
  /** Bytes. */
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly modifiedNs: bigint;
  readonly device: string;
  readonly inode: string;
}

/** When a picture was taken, as its file says it. */
export interface Taken {
  /** Wall clock: `2024-05-01T12:30:00.25`, with as many decimals as the file has. */
  readonly local: string;
  /** `+02:00`; null: unknown. */
  readonly offset: string | null;
  /** The field that says so, such as `EXIF DateTimeOriginal`. */
  readonly source: string;
}

export interface Location {
  /** Decimal degrees. */
  readonly latitude: number;
  readonly longitude: number;
  /** Metres above the sea; negative below. */
  readonly altitude: number | null;
}

/** Words that a file says of a place (IPTC, XMP), from the sublocation to the country. */
export interface PlaceNames {
  readonly sublocation?: string;
  readonly city?: string;
  readonly state?: string;
  readonly country?: string;
}

export interface Camera {
  readonly make: string | null;
  readonly model: string | null;
  readonly lens: string | null;
  readonly exposureSeconds: number | null;
  readonly fNumber: number | null;
  readonly iso: number | null;
  /** Millimetres. */
  readonly focalLength: number | null;
  readonly focalLength35: number | null;
  readonly flash: boolean | null;
}

/** A named colour and the share of the picture that it has, 0 to 1. */
export interface PaletteColor {
  /** Such as `red`; one of a short list. */
  readonly name: string;
  /** The mean of what has this name: `#rrggbb`. */
  readonly hex: string;
  readonly share: number;
}

/** What is measured of pixels. */
export interface Features {
  /** The largest share first. */
  readonly palette: readonly PaletteColor[];
  /** 16 hexadecimal digits; null where there is too little structure to compare. */
  readonly perceptualHash: string | null;
  /** Each 0 to 1; 1 is best. */
  readonly sharpness: number;
  readonly exposure: number;
  readonly noise: number;
  readonly qualityScore: number;
}

/** What a file says in words: titles, captions, keywords. */
export interface Words {
  readonly title: string | null;
  readonly caption: string | null;
  readonly keywords: readonly string[];
}

/** What one image or video file says of itself. */
export interface MediaFacts {
  readonly kind: 'image' | 'video';
  /** By content: `image/jpeg`. */
  readonly mediaType: string;
  /** Pixels as displayed: orientation applied. */
  readonly width: number | null;
  readonly height: number | null;
  readonly durationSeconds: number | null;
  readonly codec: string | null;
  readonly taken: Taken | null;
  readonly location: Location | null;
  readonly placeNames: PlaceNames | null;
  readonly camera: Camera | null;
  readonly words: Words;
  /** By which one sees that what lies beside the file, and says something of it, is as it was; null: nothing does. */
  readonly sidecar: string | null;
  /** Null: pixels could not be read; `problem` says why. */
  readonly features: Features | null;
  /** The file can't be read as what it is: cut short, or no picture at all behind its first bytes. */
  readonly isBroken: boolean;
  /** Why there are no features, or why it is broken; for people. */
  readonly problem: string | null;
  /** How it was read, such as `sharp`, `libheif`, `ffmpeg`, `header only`. */
  readonly method: string;
  /** Sizes of the thumbnails that were written (longest side, pixels). */
  readonly thumbnails: readonly number[];
}

/** What became of reading one file. */
export type Reading =
  | (FileIdentity & { readonly outcome: 'media'; readonly facts: MediaFacts })
  /** It is no image and no video. */
  | (FileIdentity & { readonly outcome: 'other'; readonly mediaType: string | null })
  /** It could not be opened, or read to its end; or it changed meanwhile. */
  | { readonly outcome: 'unreadable'; readonly problem: string; readonly isGone: boolean }
  /** The process that read it died or took too long. */
  | { readonly outcome: 'failed'; readonly problem: string };

/** Longest sides of thumbnails, in pixels. */
/** Characters of one text that a file says of its picture; the rest is cut off. */
export const MAX_TEXT = 4_000;

export const THUMBNAIL_SIZES = [256, 1024] as const;

export interface ReadOptions {
  /** The file must lie below one of these, after all links are resolved. */
  readonly roots: readonly string[];
  /** The folder in which thumbnails are written, `<hash>-<size>.webp`. */
  readonly thumbnails: string;
}

/** Reads media files in processes of their own, so that a file that kills its decoder costs one file. */
export interface MediaReader {
  /** How many files it reads at once. */
  readonly concurrency: number;
  /** The bytes only, and whether they are of media at all. @throws the signal's reason */
  identify(path: Buffer, options: Pick<ReadOptions, 'roots'>, signal: AbortSignal): Promise<Identified>;
  /** All of it. @throws the signal's reason */
  read(path: Buffer, options: ReadOptions, signal: AbortSignal): Promise<Reading>;
  /** A copy of a thumbnail as JPEG, its longest side no longer than `side` pixels, for models that know no WebP. */
  jpeg(path: string, side: number, signal: AbortSignal): Promise<Buffer>;
  /** Ends the processes; they begin again when they are needed. */
  rest(): Promise<void>;
  close(): Promise<void>;
}

export type Identified =
  | (FileIdentity & {
      readonly outcome: 'identified';
      /** Its first bytes say that it is no image and no video: reading it would tell no more. */
      readonly other: Pick<Extract<Reading, { outcome: 'other' }>, 'mediaType'> | null;
    })
  | Extract<Reading, { outcome: 'unreadable' | 'failed' }>;
