/** Degrees: the side of a box; `west` is larger than `east` where the box crosses the date line. */
export interface Box {
  readonly south: number;
  readonly north: number;
  readonly west: number;
  readonly east: number;
}

/** All places within a distance of one. */
export interface Circle {
  readonly latitude: number;
  readonly longitude: number;
  readonly radiusKm: number;
}

/** The mean radius of the earth (IUGG), kilometres. */
export const EARTH_RADIUS_KM = 6_371.008_8;
/** Half of its circumference: no place is farther away. */
export const MAX_RADIUS_KM = 20_016;

const radians = (degrees: number) => (degrees * Math.PI) / 180;
const degrees = (angle: number) => (angle * 180) / Math.PI;

/**
 * The smallest box around a circle on the sphere, a little widened against rounding; of one with a pole in it, all
 * longitudes.
 */
export function boxAround({ latitude, longitude, radiusKm }: Circle): Box {
  const angle = (radiusKm / EARTH_RADIUS_KM) * (1 + 1e-9) + 1e-9;
  const south = latitude - degrees(angle);
  const north = latitude + degrees(angle);
  const ratio = Math.sin(angle) / Math.cos(radians(latitude));
  if (south <= -90 || north >= 90 || !(ratio < 1))
    return { south: Math.max(south, -90), north: Math.min(north, 90), west: -180, east: 180 };
  const reach = degrees(Math.asin(ratio));
  return { south, north, west: turned(longitude - reach), east: turned(longitude + reach) };
}

/** Between -180 and 180. */
function turned(longitude: number): number {
  return longitude < -180 ? longitude + 360 : longitude > 180 ? longitude - 360 : longitude;
}

/** SQL: kilometres between a row and a place, by the haversine formula. */
export function distanceSql(latitude: string, longitude: string): string {
  return `2 * ${EARTH_RADIUS_KM} * asin(least(1, sqrt(
    sin(radians(i.latitude - ${latitude}) / 2) ^ 2
    + cos(radians(${latitude})) * cos(radians(i.latitude)) * sin(radians(i.longitude - ${longitude}) / 2) ^ 2)))`;
}
