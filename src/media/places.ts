import type { Location } from './facts.ts';

/** Decimal degrees; null for what is no place on earth, and for (0, 0), which cameras write when they know none. */
export function locationOf(
  latitude: number | null,
  longitude: number | null,
  altitude: number | null,
): Location | null {
  if (latitude === null || longitude === null) return null;
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) return null;
  if (latitude === 0 && longitude === 0) return null;
  const isHeight = altitude !== null && Number.isFinite(altitude) && Math.abs(altitude) < 100_000;
  return { latitude, longitude, altitude: isHeight ? altitude : null };
}

/** Degrees, minutes and seconds with the letter of their half of the earth; without a right letter there is no place. */
export function degreesOf(parts: unknown, letter: string | null, letters: 'NS' | 'EW'): number | null {
  const half = letter?.trim().toUpperCase().charAt(0) ?? '';
  if (half === '' || !letters.includes(half) || !Array.isArray(parts)) return null;
  const [degrees, minutes, seconds] = parts.map((part) => (typeof part === 'number' ? part : null));
  if (degrees === null || degrees === undefined || degrees < 0) return null;
  const [lesser, least] = [minutes ?? 0, seconds ?? 0];
  if (lesser < 0 || lesser > 60 || least < 0 || least > 60) return null;
  const value = degrees + lesser / 60 + least / 3600;
  return half === letters.charAt(1) ? -value : value;
}

/** As XMP writes them: `51,30.25N` or `51,30,15N`. */
export function xmpDegreesOf(text: string | null, letters: 'NS' | 'EW'): number | null {
  const match = /^(\d{1,3}),(\d{1,2}(?:\.\d+)?)(?:,(\d{1,2}(?:\.\d+)?))?([NSEW])$/i.exec(text?.trim() ?? '');
  if (!match) return null;
  return degreesOf(
    match.slice(1, 4).map((part) => Number(part ?? 0)),
    match[4] ?? null,
    letters,
  );
}

/** As videos write them (ISO 6709): `-34.6037-058.3816+025.000/`, also with minutes and seconds. */
export function isoLocationOf(text: string | null): Location | null {
  const match = /^([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)?(?:CRS[^/]*)?\/?$/.exec(
    text?.trim() ?? '',
  );
  if (!match) return null;
  const [, latitude = '', longitude = '', altitude] = match;
  return locationOf(
    isoDegrees(latitude, 2),
    isoDegrees(longitude, 3),
    altitude === undefined ? null : Number(altitude),
  );
}

function isoDegrees(text: string, degreeDigits: number): number | null {
  const [, sign, whole = '', decimals = ''] = /^([+-])(\d+)(\.\d+)?$/.exec(text) ?? [];
  const groups = [whole.slice(0, degreeDigits), whole.slice(degreeDigits, degreeDigits + 2)];
  groups.push(whole.slice(degreeDigits + 2));
  const given = groups.filter((group) => group !== '');
  const value = given.reduce((sum, group, index) => {
    const number = Number(index === given.length - 1 ? group + decimals : group);
    return sum + number / 60 ** index;
  }, 0);
  if (whole.length < degreeDigits && decimals === '') return null;
  return sign === '-' ? -value : value;
}
