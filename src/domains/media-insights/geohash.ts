const DIGITS = '0123456789bcdefghjkmnpqrstuvwxyz';
/** Bits of one digit. */
const BITS = 5;

/** A cell of the earth. */
export interface Cell {
  readonly geohash: string;
  /** Of its middle, degrees. */
  readonly latitude: number;
  readonly longitude: number;
}

/** The cell of a geohash that a place is in. @param digits of five, a cell has about 5 km each way; of four, 20 to 40 */
export function cellOf(latitude: number, longitude: number, digits: number): Cell {
  const ranges = [
    [-180, 180],
    [-90, 90],
  ] satisfies [number, number][];
  let geohash = '';
  for (let bit = 0, value = 0; geohash.length < digits; bit++) {
    const range = ranges[bit % 2] ?? [0, 0];
    const middle = (range[0] + range[1]) / 2;
    const isUpper = (bit % 2 === 0 ? longitude : latitude) >= middle;
    range[isUpper ? 0 : 1] = middle;
    value = value * 2 + Number(isUpper);
    if (bit % BITS !== BITS - 1) continue;
    geohash += DIGITS[value];
    value = 0;
  }
  const [east, north] = ranges.map(([from, to]) => (from + to) / 2);
  return { geohash, latitude: north ?? 0, longitude: east ?? 0 };
}
