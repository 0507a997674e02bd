/** Side of the grey picture of which a hash is made. */
export const HASH_SIDE = 32;
const BITS_SIDE = 8;
/** Deviation of grey values below which a picture is flat: two flat ones have nothing to compare. */
const MIN_DEVIATION = 4;

/**
 * 64 bits as 16 hexadecimal digits: the lowest frequencies of a picture's cosine transform against their median
 * (C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010), of grey values that fade
 * towards the borders, which is where cropping and turning change a picture. Null: flat.
 *
 * @param grey {@link HASH_SIDE} rows of as many values, 0 to 255
 */
export function perceptualHashOf(grey: Uint8Array): string | null {
  if (deviationOf(grey) < MIN_DEVIATION) return null;
  const low = lowFrequencies(fadedToBorders(grey));
  const sorted = [...low.slice(1)].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const bits = low.reduce((sum, value) => (sum << 1n) | (value > median ? 1n : 0n), 0n);
  return bits.toString(16).padStart(16, '0');
}

function deviationOf(values: Uint8Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

const FADE = Array.from({ length: HASH_SIDE }, (_, at) =>
  Math.sqrt(Math.sin((Math.PI * (at + 0.5)) / HASH_SIDE)),
);

function fadedToBorders(grey: Uint8Array): Float64Array {
  const mean = grey.reduce((sum, value) => sum + value, 0) / grey.length;
  return Float64Array.from(grey, (value, at) => {
    const [x, y] = [at % HASH_SIDE, Math.floor(at / HASH_SIDE)];
    return (value - mean) * (FADE[x] ?? 0) * (FADE[y] ?? 0);
  });
}

const COSINES = Array.from({ length: BITS_SIDE }, (_, frequency) =>
  Array.from({ length: HASH_SIDE }, (_, at) =>
    Math.cos(((2 * at + 1) * frequency * Math.PI) / (2 * HASH_SIDE)),
  ),
);

function lowFrequencies(grey: Float64Array): number[] {
  const rows = Array.from({ length: HASH_SIDE }, (_, y) =>
    COSINES.map((cosines) =>
      cosines.reduce((sum, cosine, x) => sum + cosine * (grey[y * HASH_SIDE + x] ?? 0), 0),
    ),
  );
  return COSINES.flatMap((cosines) =>
    COSINES.map((_, u) => cosines.reduce((sum, cosine, y) => sum + cosine * (rows[y]?.[u] ?? 0), 0)),
  );
}
