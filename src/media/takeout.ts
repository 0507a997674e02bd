import { takenOf } from './dates.ts';
import type { Taken } from './facts.ts';
import { cleanText, type Metadata, NO_METADATA } from './metadata.ts';
import { locationOf } from './places.ts';

/**
 * What the JSON file says that Google Takeout lays beside a photo: when and where it was taken, and its description. Any
 * other JSON says nothing. The time is an instant without a zone, so that it is kept in UTC.
 *
 * @param name of the photo; where a name was too long for Takeout, only the title in the file tells whose it is
 */
export function takeoutMetadata(text: Buffer, name: string): Metadata {
  const said = objectIn(text);
  const time = isObject(said.photoTakenTime) ? said.photoTakenTime.timestamp : undefined;
  if (time === undefined || !isOf(said.title, name)) return NO_METADATA;
  const place = isObject(said.geoData) ? said.geoData : {};
  const [latitude, longitude, altitude] = [place.latitude, place.longitude, place.altitude].map(numberOf);
  return {
    ...NO_METADATA,
    taken: instantOf(time),
    location: locationOf(latitude ?? null, longitude ?? null, altitude || null),
    words: { ...NO_METADATA.words, caption: cleanText(said.description) },
  };
}

/** A longer name is cut in that of its sidecar, so that others could have the same. */
const SURE_CHARACTERS = 46;

/** The title is the whole name, in which Takeout replaces some characters and cuts off what is behind the 47th. */
function isOf(title: unknown, name: string): boolean {
  if (name.length <= SURE_CHARACTERS) return true;
  const plain = (text: string) => text.replaceAll(/[^\p{L}\p{N}]/gu, '_');
  const stem = name.replace(/\.[^.]*$/, '').replace(/\(\d+\)$/, '');
  return typeof title === 'string' && plain(title).startsWith(plain(stem));
}

function instantOf(seconds: unknown): Taken | null {
  const ms =
    typeof seconds === 'string' && /^-?\d{1,12}$/.test(seconds) ? Number(seconds) * 1_000 : Number.NaN;
  // Zero: nobody knows.
  if (!ms) return null;
  return takenOf([{ text: new Date(ms).toISOString(), source: 'Takeout photoTakenTime' }]);
}

function objectIn(text: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text.toString('utf8'));
    return isObject(value) ? value : {};
  } catch {
    // Broken, or nested too deep: the picture is there all the same.
    return {};
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
