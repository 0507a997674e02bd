/** Bits of a perceptual hash. */
export const HASH_BITS = 64;
/** Up to so many bits two hashes can be asked to differ. */
export const MAX_DISTANCE = 12;
/** As `tables.ts` cuts a hash, from the most significant bits on. */
const WIDTHS = [13, 13, 13, 13, 12] as const;

/** A perceptual hash of 16 hexadecimal digits as PostgreSQL's bigint holds it. */
export function bitsOf(perceptualHash: string): bigint {
  return BigInt.asIntN(HASH_BITS, BigInt(`0x${perceptualHash}`));
}

/** In how many bits two hashes differ. */
export function distanceOf(a: bigint, b: bigint): number {
  let difference = BigInt.asUintN(HASH_BITS, a ^ b);
  let count = 0;
  for (; difference > 0n; difference &= difference - 1n) count++;
  return count;
}

/**
 * For each band the values that one of the hashes within a distance may have in it: every such hash has one of the values
 * in at least one of the bands.
 *
 * A band is asked for all values that differ in fewer than `u` bits, where the `u` of all bands make `maxDistance` + 1: a
 * hash that differs in `u` bits or more in every band would differ in more than `maxDistance` (the pigeonhole principle).
 * Of 8 bits these are 57 values, of 12 bits 303.
 */
export function bandValues(bits: bigint, maxDistance: number): number[][] {
  let shift = HASH_BITS;
  return WIDTHS.map((width, index) => {
    shift -= width;
    const value = Number((BigInt.asUintN(HASH_BITS, bits) >> BigInt(shift)) & BigInt(2 ** width - 1));
    const units = Math.floor((maxDistance + WIDTHS.length - index) / WIDTHS.length);
    return valuesWithin(value, width, units - 1);
  });
}

/** All values of a width that differ from one in at most so many bits; none for less than 0. */
function valuesWithin(value: number, width: number, bits: number, from = 0): number[] {
  if (bits < 0) return [];
  const values = [value];
  for (let bit = from; bit < width && bits > 0; bit++)
    values.push(...valuesWithin(value ^ (1 << bit), width, bits - 1, bit + 1));
  return values;
}
