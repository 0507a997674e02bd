const LARGEST = 127;

/** A vector by its direction, a signed byte for each dimension: cosines of it differ from the exact ones by less than 0.01. */
export function directionOf(vector: Float32Array): Buffer {
  let largest = 0;
  for (const value of vector) largest = Math.max(largest, Math.abs(value));
  const scale = largest === 0 ? 0 : LARGEST / largest;
  return Buffer.from(Int8Array.from(vector, (value) => Math.round(value * scale)).buffer);
}

/** The cosine of a vector of length 1 and a direction; null where they are not of one length, or one has no direction. */
export function cosineTo(vector: Float32Array, direction: Buffer): number | null {
  if (direction.length !== vector.length) return null;
  const values = new Int8Array(direction.buffer, direction.byteOffset, direction.length);
  let [product, squares] = [0, 0];
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? 0;
    product += value * (vector[at] ?? 0);
    squares += value * value;
  }
  return squares === 0 ? null : product / Math.sqrt(squares);
}
