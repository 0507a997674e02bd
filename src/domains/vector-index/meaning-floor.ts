import { type Embedder, embedTexts } from '../../models/embedder.ts';

/** Tells likeness that means something from likeness that any two texts have. */
export interface MeaningFloor {
  /** The cosine above which a turn counts as similar to a query with this vector. @throws what the embedder throws */
  of(vector: Float32Array): Promise<number>;
}

/**
 * Sentences that have nothing to do with each other, nor, as a whole, with any query: how like these are to a query
 * shows what the model calls "like" without a reason.
 */
const UNRELATED = [
  'The train to the coast leaves at seven in the morning.',
  'My printer has run out of yellow ink.',
  'She plays the cello in a small orchestra.',
  'Please remind me to water the tomatoes.',
  'The council voted against the new car park.',
  'I could not sleep because of the noise.',
  'How long does it take to boil an egg?',
  'Our team lost the match by two goals.',
  'He wrote his thesis on medieval trade routes.',
  'The shares fell after the quarterly report.',
  'There is a leak under the kitchen sink.',
  'We are planning a trip to the mountains.',
  'The function returns null when the list is empty.',
  'My grandmother was born in a fishing village.',
  'The cat knocked over a vase again.',
  'Can you translate this letter into Spanish?',
  'Taxes are due at the end of the month.',
  'The doctor told him to drink more water.',
  'I painted the bedroom light grey.',
  'The new phone has a better camera.',
  'They celebrated their wedding by the lake.',
  'It snowed heavily last night.',
  'What is the capital of Mongolia?',
  'The museum is closed on Mondays.',
];
/**
 * Standard deviations above the mean likeness to unrelated sentences. Measured on three dialogues of LoCoMo, 150
 * questions, against turns of other dialogues and against their evidence: with all-MiniLM-L6-v2 9 % of the unrelated
 * and 93 % of the evidence are above, with multilingual-e5-small 11 and 98 %, and without its prefixes 2 and 85 %;
 * with 2 deviations 6 to 19 % of the unrelated. Raw cosines would not do: unrelated texts have 0.15 in the first model
 * and 0.75 in the second.
 */
const DEVIATIONS = 2.5;
/** What is like a question. */
export const FLOOR_PARAMETERS = { DEVIATIONS };
const LOAD_MS = 30_000;

/** The likeness that a model gives to unrelated texts, looked at for each query: some are like everything. */
export function createMeaningFloor(embedder: Embedder): MeaningFloor {
  let unrelated: Promise<readonly Float32Array[]> | null = null;
  const load = () => {
    // Not within the time of one search: a slow model makes them once, and then they serve all.
    unrelated ??= embedTexts(embedder, UNRELATED, AbortSignal.timeout(LOAD_MS)).catch((error) => {
      unrelated = null;
      throw error;
    });
    return unrelated;
  };
  return {
    of: async (vector) => {
      const cosines = (await load()).map((other) =>
        other.reduce((sum, value, at) => sum + value * (vector[at] ?? 0), 0),
      );
      const mean = cosines.reduce((sum, value) => sum + value, 0) / cosines.length;
      const variance = cosines.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (cosines.length - 1);
      return mean + DEVIATIONS * Math.sqrt(variance);
    },
  };
}
