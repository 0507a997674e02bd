import type { Embedder } from './embedder.ts';

/** How the names of its models begin. */
export const LEXICAL = 'lexical-hash';
const DIMENSIONS = 384;
const WORD = /[\p{L}\p{N}]+/gu;
/** Work between two pauses, in characters: about 2 ms. */
const CHARACTERS_BETWEEN_PAUSES = 5_000;
const GRAM_LENGTHS = [3, 4];
const WEIGHT = { word: 1, pair: 0.5, gram: 0.25, commonWord: 0.15 };
const COMMON = new Set(
  (
    'a an and are as at be been but by can did do does for from had has have he her him his how i if in is it its ' +
    'me my no not of on or our she so that the their them then there they this to us was we were what when where ' +
    'which who why will with would you your user assistant'
  ).split(' '),
);

/**
 * Vectors from spelling alone: words, pairs of words and character 3- and 4-grams, hashed with a sign into 384 sums,
 * counts damped by 1 + ln n, scaled to length 1. It finds the same and similarly spelled words and knows nothing of
 * meaning; it needs no download, and the same text gives the same vector on every machine.
 *
 * Feature hashing: Weinberger et al., "Feature Hashing for Large Scale Multitask Learning" (2009).
 */
export function createLexicalEmbedder(): Embedder {
  return {
    name: `${LEXICAL}-${DIMENSIONS}-v1`,
    dimensions: DIMENSIONS,
    knowsMeaning: false,
    async embed(texts, signal) {
      const vectors: Float32Array[] = [];
      let worked = 0;
      for (const text of texts) {
        signal.throwIfAborted();
        vectors.push(vectorOf(text));
        worked += text.length;
        if (worked > CHARACTERS_BETWEEN_PAUSES) {
          worked = 0;
          // Requests come first.
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      return vectors;
    },
  };
}

function vectorOf(text: string): Float32Array {
  const vector = new Float64Array(DIMENSIONS);
  for (const [hash, weight] of featuresOf(text.normalize('NFKC').toLowerCase())) {
    const scale = weight.count > 1 ? 1 + Math.log(weight.count) : 1;
    const at = (hash >>> 1) % DIMENSIONS;
    vector[at] = (vector[at] ?? 0) + (hash & 1 ? scale : -scale) * weight.each;
  }
  return scaledToOne(vector);
}

/** Features by their hash, with what one is worth and how often it is there. */
function featuresOf(text: string): Map<number, { each: number; count: number }> {
  const features = new Map<number, { each: number; count: number }>();
  const add = (hash: number, each: number) => {
    const feature = features.get(hash);
    if (feature) feature.count++;
    else features.set(hash, { each, count: 1 });
  };
  const words = text.match(WORD) ?? [text];
  let previous: string | null = null;
  for (const word of words) {
    const common = COMMON.has(word);
    add(hashOf('w', word), common ? WEIGHT.commonWord : WEIGHT.word);
    if (common) continue;
    if (previous !== null) add(hashOf('p', `${previous} ${word}`), WEIGHT.pair);
    previous = word;
    const padded = `<${word}>`;
    for (const length of GRAM_LENGTHS)
      for (let start = 0; start + length <= padded.length; start++)
        add(hashOf('g', padded, start, start + length), WEIGHT.gram);
  }
  return features;
}

/** FNV-1a over UTF-16 units, 32 bits, with its bits mixed (the finalizer of MurmurHash3): the low ones are used. */
function hashOf(kind: string, text: string, from = 0, to = text.length): number {
  let hash = (0x811c9dc5 ^ kind.charCodeAt(0)) >>> 0;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scaledToOne(sums: Float64Array): Float32Array {
  const length = Math.hypot(...sums);
  // Features that cancel each other out leave nothing; a fixed direction is better than a vector without one.
  if (length === 0) return Float32Array.from({ length: DIMENSIONS }, (_, at) => (at === 0 ? 1 : 0));
  return Float32Array.from(sums, (sum) => sum / length);
}
