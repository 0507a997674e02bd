import type { Embedder } from './embedder.ts';

/** How the names of its models begin. */
export const LEXICAL = 'lexical-hash';
const DIMENSIONS = 384;
const WORD = /[\p{L}\p{N}]+/gu;
/** Work between two pauses, in characters: about 1 ms. */
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
  const features = createFeatures();
  return {
    name: `${LEXICAL}-${DIMENSIONS}-v1`,
    dimensions: DIMENSIONS,
    knowsMeaning: false,
    async embed(texts, signal) {
      const vectors: Float32Array[] = [];
      let worked = 0;
      for (const text of texts) {
        signal.throwIfAborted();
        vectors.push(vectorOf(text, features));
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

function vectorOf(text: string, features: Features): Float32Array {
  const plain = text.normalize('NFKC').toLowerCase();
  features.begin(plain.length);
  addFeatures(plain, features);
  const vector = new Float64Array(DIMENSIONS);
  features.each((hash, weight, count) => {
    const scale = count > 1 ? 1 + Math.log(count) : 1;
    const at = (hash >>> 1) % DIMENSIONS;
    vector[at] = (vector[at] ?? 0) + (hash & 1 ? scale : -scale) * weight;
  });
  return scaledToOne(vector);
}

function addFeatures(text: string, { add }: Features): void {
  let previous: string | null = null;
  for (const word of text.match(WORD) ?? [text]) {
    const common = COMMON.has(word);
    add(mixed(hashed(BEGIN.word, word)), common ? WEIGHT.commonWord : WEIGHT.word);
    if (common) continue;
    if (previous !== null) add(mixed(hashed(step(hashed(BEGIN.pair, previous), SPACE), word)), WEIGHT.pair);
    previous = word;
    addGrams(word, add);
  }
}

/** All parts of so many characters of `<word>`. */
function addGrams(word: string, add: Features['add']): void {
  const last = word.length + 1;
  const unitAt = (at: number) => (at === 0 ? OPENING : at === last ? CLOSING : word.charCodeAt(at - 1));
  for (const length of GRAM_LENGTHS)
    for (let start = 0; start + length <= last + 1; start++) {
      let hash = BEGIN.gram;
      for (let at = start; at < start + length; at++) hash = step(hash, unitAt(at));
      add(mixed(hash), WEIGHT.gram);
    }
}

/** Features of one text by their hash, with what one is worth and how often it is there, in the order of their coming. */
interface Features {
  /** Forgets the text before. */
  begin(characters: number): void;
  add(hash: number, weight: number): void;
  each(take: (hash: number, weight: number, count: number) => void): void;
}

/** Enough for nearly every turn; what a longer one needed is given up after it, or all that follow would empty it. */
const KEPT_PLACES = 16_384;
/** A word of n characters has fewer than 3 n features: itself, a pair, 2 n - 1 grams. */
const FEATURES_OF_A_CHARACTER = 3;

/**
 * A hash table in flat arrays, which stay for the next text: a `Map` of objects took half of the time of a vector. It has
 * twice as many places as a text can have features.
 */
function createFeatures(): Features {
  let [places, hashes, weights, counts] = flatTable(KEPT_PLACES);
  let [size, mask] = [0, places.length - 1];
  return {
    begin: (characters) => {
      size = 0;
      const wanted = 2 * FEATURES_OF_A_CHARACTER * characters;
      if (wanted > places.length || (places.length > KEPT_PLACES && wanted <= KEPT_PLACES)) {
        [places, hashes, weights, counts] = flatTable(
          Math.max(KEPT_PLACES, 2 ** Math.ceil(Math.log2(wanted))),
        );
        mask = places.length - 1;
      } else places.fill(0);
    },
    add: (hash, weight) => {
      let place = hash & mask;
      // What a place holds is the number of a feature, from 1.
      for (let number = places[place]; number; number = places[place]) {
        if (hashes[number - 1] === hash) {
          counts[number - 1] = (counts[number - 1] ?? 0) + 1;
          return;
        }
        place = (place + 1) & mask;
      }
      hashes[size] = hash;
      weights[size] = weight;
      counts[size] = 1;
      places[place] = ++size;
    },
    each: (take) => {
      for (let at = 0; at < size; at++) take(hashes[at] ?? 0, weights[at] ?? 0, counts[at] ?? 0);
    },
  };
}

function flatTable(length: number) {
  return [
    new Uint32Array(length),
    new Uint32Array(length / 2),
    new Float64Array(length / 2),
    new Uint32Array(length / 2),
  ] as const;
}

/** FNV-1a over UTF-16 units, 32 bits, which begins with what kind of feature it is. */
const BEGIN = {
  word: 0x811c9dc5 ^ 'w'.charCodeAt(0),
  pair: 0x811c9dc5 ^ 'p'.charCodeAt(0),
  gram: 0x811c9dc5 ^ 'g'.charCodeAt(0),
};
const [OPENING, CLOSING, SPACE] = ['<'.charCodeAt(0), '>'.charCodeAt(0), ' '.charCodeAt(0)] as const;

function step(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193);
}

function hashed(hash: number, text: string): number {
  let after = hash;
  for (let at = 0; at < text.length; at++) after = step(after, text.charCodeAt(at));
  return after;
}

/** With its bits mixed (the finalizer of MurmurHash3): the low ones are used. */
function mixed(hash: number): number {
  let bits = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

function scaledToOne(sums: Float64Array): Float32Array {
  let squares = 0;
  for (const sum of sums) squares += sum * sum;
  const scaled = new Float32Array(DIMENSIONS);
  // Features that cancel each other out leave nothing; a fixed direction is better than a vector without one.
  if (squares === 0) scaled[0] = 1;
  else for (let at = 0; at < DIMENSIONS; at++) scaled[at] = (sums[at] ?? 0) / Math.sqrt(squares);
  return scaled;
}
