import type { Features } from './facts.ts';

/** A grey picture: a byte for each pixel. */
export interface Grey {
  readonly values: Uint8Array;
  readonly width: number;
  readonly height: number;
}
type Quality = Pick<Features, 'sharpness' | 'exposure' | 'noise' | 'qualityScore'>;

/** Variance of the Laplacian at which a picture counts as half sharp. */
const HALF_SHARP = 150;
/** Deviation of noise, in grey values, at which the score is one half. */
const HALF_NOISY = 6;
/** Grey values beyond which shadows and lights have no drawing left. */
const DARKEST = 8;
const BRIGHTEST = 247;

/**
 * How well a picture is taken, each 0 to 1: sharpness by the variance of its Laplacian (J. L. Pech-Pacheco and others,
 * 2000), noise by the deviation of a difference of Laplacians (J. Immerkær, 1996), exposure by how much is clipped and
 * how far the mean is from the middle. The formulas are in docs/media.md.
 */
export function qualityOf(grey: Grey): Quality {
  const laplacian = variance(convolved(grey, LAPLACIAN));
  const sharpness = round(laplacian / (laplacian + HALF_SHARP));
  const exposure = round(exposureOf(grey.values));
  const noise = round(1 / (1 + (noiseOf(grey) / HALF_NOISY) ** 2));
  return {
    sharpness,
    exposure,
    noise,
    qualityScore: round(0.5 * sharpness + 0.3 * exposure + 0.2 * noise),
  };
}

const LAPLACIAN = [0, 1, 0, 1, -4, 1, 0, 1, 0];
const DIFFERENCE = [1, -2, 1, -2, 4, -2, 1, -2, 1];

function noiseOf(grey: Grey): number {
  const differences = convolved(grey, DIFFERENCE);
  if (differences.length === 0) return 0;
  let sum = 0;
  for (const value of differences) sum += Math.abs(value);
  return (Math.sqrt(Math.PI / 2) * sum) / (6 * differences.length);
}

function exposureOf(values: Uint8Array): number {
  let [sum, clipped] = [0, 0];
  for (const value of values) {
    sum += value;
    if (value <= DARKEST || value >= BRIGHTEST) clipped += 1;
  }
  const away = Math.abs(sum / values.length - 127.5) / 127.5;
  return (1 - clipped / values.length) * (1 - away ** 2);
}

/** @param kernel three rows of three */
function convolved({ values, width, height }: Grey, kernel: readonly number[]): Float32Array {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0] = kernel;
  const result = new Float32Array(Math.max(0, width - 2) * Math.max(0, height - 2));
  const at = (index: number) => values[index] ?? 0;
  let index = 0;
  for (let y = 1; y < height - 1; y += 1) {
    for (let middle = y * width + 1; middle < (y + 1) * width - 1; middle += 1) {
      const above = middle - width;
      const below = middle + width;
      result[index] =
        a * at(above - 1) +
        b * at(above) +
        c * at(above + 1) +
        (d * at(middle - 1) + e * at(middle) + f * at(middle + 1)) +
        (g * at(below - 1) + h * at(below) + i * at(below + 1));
      index += 1;
    }
  }
  return result;
}

function variance(values: Float32Array): number {
  if (values.length === 0) return 0;
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return squares / values.length;
}

const round = (value: number) => Math.round(Math.min(1, Math.max(0, value)) * 1_000) / 1_000;
