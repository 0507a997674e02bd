import ExifReader from 'exifreader';
import { beginningOf } from '../texts.ts';
import { type DateField, takenOf } from './dates.ts';
import { type Camera, type Location, MAX_TEXT, type PlaceNames, type Taken, type Words } from './facts.ts';
import { degreesOf, locationOf, xmpDegreesOf } from './places.ts';

/** What a file says of its picture, besides the picture. */
export interface Metadata {
  readonly taken: Taken | null;
  readonly location: Location | null;
  readonly placeNames: PlaceNames | null;
  readonly camera: Camera | null;
  readonly words: Words;
  /** As the header says it; before orientation. */
  readonly header: { readonly width: number; readonly height: number } | null;
}

export const NO_METADATA: Metadata = {
  taken: null,
  location: null,
  placeNames: null,
  camera: null,
  words: { title: null, caption: null, keywords: [] },
  header: null,
};

interface Tag {
  readonly value?: unknown;
  readonly computed?: unknown;
  readonly description?: unknown;
}
type Group = Readonly<Record<string, unknown>>;
type Groups = Readonly<Record<string, Group | undefined>>;

const MAX_KEYWORDS = 200;
/** Characters of one. */
const MAX_KEYWORD = 500;

/** What the library makes of the bytes; what it can't read says nothing. */
export async function readMetadata(bytes: Buffer): Promise<Metadata> {
  const groups = await groupsOf(bytes);
  return groups ? metadataOf(await withProfiles(groups)) : NO_METADATA;
}

/** Fills the gaps of what a file says of itself with what a file beside it says. */
export function withSidecar(own: Metadata, beside: Metadata): Metadata {
  return {
    header: own.header,
    taken: own.taken ?? beside.taken,
    location: own.location ?? beside.location,
    placeNames: own.placeNames ?? beside.placeNames,
    camera: own.camera ?? beside.camera,
    words: {
      title: own.words.title ?? beside.words.title,
      caption: own.words.caption ?? beside.words.caption,
      keywords: own.words.keywords.length > 0 ? own.words.keywords : beside.words.keywords,
    },
  };
}

/** By which the library knows a file of XMP; not every program writes it. */
const XMP_START = Buffer.from('<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>\n');

function withStart(bytes: Buffer): Buffer {
  const beginning = bytes.subarray(0, 1_000).toString('latin1');
  const [, before] =
    /^((?:\xEF\xBB\xBF)?\s*(?:<\?xml[^>]*>\s*)?)<(?:x:xmpmeta|rdf:RDF)\b/.exec(beginning) ?? [];
  return before === undefined ? bytes : Buffer.concat([XMP_START, bytes.subarray(before.length)]);
}

async function groupsOf(bytes: Buffer): Promise<Groups | null> {
  try {
    return (await ExifReader.load(withStart(bytes), {
      expanded: true,
      async: true,
      computed: true,
      excludeTags: { icc: true, makerNotes: true, thumbnail: true, mpf: true, composite: true },
      decompress: { maxDecompressedSize: 2 ** 22 },
    })) as unknown as Groups;
  } catch {
    // The library throws for formats that it doesn't know and for broken metadata alike; pictures have neither need.
    return null;
  }
}

/** PNG has EXIF and XMP also as text, in hexadecimal digits, by programs that are older than its own place for them. */
async function withProfiles(groups: Groups): Promise<Groups> {
  const { pngText = {} } = groups;
  const exif = profileOf(pngText, ['Raw profile type exif', 'Raw profile type APP1']);
  const xmp = profileOf(pngText, ['Raw profile type xmp']);
  const tiffAt = exif?.subarray(0, 6).toString('latin1') === 'Exif\0\0' ? 6 : 0;
  return {
    ...(xmp ? await groupsOf(xmp) : {}),
    ...(exif ? await groupsOf(exif.subarray(tiffAt)) : {}),
    ...groups,
  };
}

/** Its name, its length and its bytes, each on lines of their own. */
function profileOf(pngText: Group, names: readonly string[]): Buffer | null {
  const tags = names.map((name) => tagOf(pngText[name])?.value);
  const text = tags.find((value) => typeof value === 'string');
  const digits = text && /^\s*\w+\s+\d+\s+([0-9a-f\s]+)/i.exec(text)?.[1];
  return digits ? Buffer.from(digits.replaceAll(/\s/g, ''), 'hex') : null;
}

function metadataOf(groups: Groups): Metadata {
  return {
    taken: takenOf(dateFields(groups)),
    location: exifLocation(groups.exif ?? {}) ?? xmpLocation(groups.xmp ?? {}),
    placeNames: placeNamesOf(groups),
    camera: cameraOf(groups),
    words: wordsOf(groups),
    header: headerOf(groups),
  };
}

function dateFields({ exif = {}, xmp = {}, iptc = {} }: Groups): DateField[] {
  const modified = textOf(exif.DateTime);
  const exifField = (name: string, kind: 'Original' | 'Digitized'): DateField => {
    const text = textOf(exif[name]);
    // The offset without a name is that of the modify date: it holds for this date too if both are the same.
    const general = text !== null && text === modified ? textOf(exif.OffsetTime) : null;
    return {
      text,
      fraction: textOf(exif[`SubSecTime${kind}`]),
      offset: textOf(exif[`OffsetTime${kind}`]) ?? general,
      source: `EXIF ${name}`,
    };
  };
  return [
    exifField('DateTimeOriginal', 'Original'),
    exifField('DateTimeDigitized', 'Digitized'),
    ...['DateTimeOriginal', 'DateCreated', 'CreateDate', 'DateTimeDigitized'].map((name) => ({
      text: textOf(xmp[name]),
      source: `XMP ${name}`,
    })),
    iptcField(iptc),
  ];
}

/** Day and time stand in fields of their own; many have the day only. */
function iptcField(iptc: Group): DateField {
  const [day, time] = [textOf(iptc['Date Created']), textOf(iptc['Time Created'])];
  const isTime = time !== null && /^\d{2}:\d{2}/.test(time);
  return { text: day !== null && isTime ? `${day}T${time}` : day, source: 'IPTC DateCreated' };
}

function exifLocation(exif: Group): Location | null {
  const altitude = numberOf(exif.GPSAltitude);
  const isBelowSea = numberOf(exif.GPSAltitudeRef) === 1;
  return locationOf(
    degreesOf(tagOf(exif.GPSLatitude)?.computed, textOf(exif.GPSLatitudeRef), 'NS'),
    degreesOf(tagOf(exif.GPSLongitude)?.computed, textOf(exif.GPSLongitudeRef), 'EW'),
    altitude !== null && isBelowSea ? -altitude : altitude,
  );
}

function xmpLocation(xmp: Group): Location | null {
  const [over, under] = (textOf(xmp.GPSAltitude) ?? '').split('/').map(Number);
  const altitude = over !== undefined && under ? over / under : null;
  return locationOf(
    xmpDegreesOf(textOf(xmp.GPSLatitude), 'NS'),
    xmpDegreesOf(textOf(xmp.GPSLongitude), 'EW'),
    altitude !== null && textOf(xmp.GPSAltitudeRef) === '1' ? -altitude : altitude,
  );
}

function cameraOf({ exif = {}, xmp = {} }: Groups): Camera | null {
  const flash = numberOf(exif.Flash);
  const camera: Camera = {
    make: textOf(exif.Make) ?? textOf(xmp.Make),
    model: textOf(exif.Model) ?? textOf(xmp.Model),
    lens: textOf(exif.LensModel) ?? textOf(xmp.Lens) ?? textOf(xmp.LensModel),
    exposureSeconds: measureOf(exif.ExposureTime),
    fNumber: measureOf(exif.FNumber),
    iso: measureOf(exif.ISOSpeedRatings),
    focalLength: measureOf(exif.FocalLength),
    focalLength35: measureOf(exif.FocalLengthIn35mmFilm),
    flash: flash === null ? null : (flash & 1) === 1,
  };
  return Object.values(camera).some((value) => value !== null) ? camera : null;
}

function wordsOf({ exif = {}, xmp = {}, iptc = {}, pngText = {} }: Groups): Words {
  const keywords = [...listOf(xmp.subject), ...listOf(iptc.Keywords), ...splitWords(exif.XPKeywords)];
  return {
    title: textOf(xmp.title) ?? textOf(iptc['Object Name']) ?? textOf(exif.XPTitle) ?? textOf(pngText.Title),
    caption:
      textOf(xmp.description) ??
      textOf(iptc['Caption/Abstract']) ??
      textOf(exif.ImageDescription) ??
      textOf(pngText.Description),
    keywords: [...new Set(keywords.map((word) => beginningOf(word, MAX_KEYWORD)))].slice(0, MAX_KEYWORDS),
  };
}

function placeNamesOf({ xmp = {}, iptc = {} }: Groups): PlaceNames | null {
  const named = {
    sublocation: textOf(xmp.Location) ?? textOf(iptc['Sub-location']),
    city: textOf(xmp.City) ?? textOf(iptc.City),
    state: textOf(xmp.State) ?? textOf(iptc['Province/State']),
    country: textOf(xmp.Country) ?? textOf(iptc['Country/Primary Location Name']),
  };
  const given = Object.entries(named).filter(([, name]) => name !== null);
  return given.length > 0 ? Object.fromEntries(given) : null;
}

function headerOf({ gif, pngFile, file }: Groups): Metadata['header'] {
  const source = gif ?? pngFile ?? file ?? {};
  const [width, height] = [numberOf(source['Image Width']), numberOf(source['Image Height'])];
  return width && height ? { width, height } : null;
}

function tagOf(tag: unknown): Tag | null {
  return typeof tag === 'object' && tag !== null ? (tag as Tag) : null;
}

/** Without padding and characters that nobody sees; null where nothing is left. */
export function cleanText(text: unknown): string | null {
  if (typeof text !== 'string') return null;
  const [upToEnd = ''] = text.split('\0');
  const seen = upToEnd.replaceAll(/[\p{Cc}\p{Cs}\uFFFD]+/gu, ' ').trim();
  return seen === '' ? null : beginningOf(seen, MAX_TEXT);
}

function textOf(tag: unknown): string | null {
  const { value, description } = tagOf(tag) ?? {};
  const [first] = Array.isArray(value) ? value : [value];
  if (typeof first === 'string') return cleanText(first);
  // IPTC gives numbers of bytes, XMP lists of tags; both have their text in the description.
  return cleanText(tagOf(first)?.value) ?? cleanText(description);
}

function listOf(tag: unknown): string[] {
  const value = Array.isArray(tag) ? tag : tagOf(tag)?.value;
  const items = Array.isArray(value) && typeof value[0] === 'object' ? value : [tag];
  return items.map(textOf).filter((text) => text !== null);
}

function splitWords(tag: unknown): string[] {
  return (cleanText(tagOf(tag)?.description) ?? '').split(';').flatMap((word) => cleanText(word) ?? []);
}

function numberOf(tag: unknown): number | null {
  const { value, computed } = tagOf(tag) ?? {};
  const given = computed ?? value;
  const [first] = Array.isArray(given) ? given : [given];
  return typeof first === 'number' && Number.isFinite(first) ? first : null;
}

/** Of what cameras measure, zero means that they did not. */
function measureOf(tag: unknown): number | null {
  const number = numberOf(tag);
  return number !== null && number > 0 ? number : null;
}
