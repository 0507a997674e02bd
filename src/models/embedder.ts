/** Something that turns texts into vectors, so that texts of like meaning (or likeness) lie close to each other. */
export interface Embedder {
  /** The model's name. Another name, or other dimensions, means that stored vectors have to be made again. */
  readonly name: string;
  /** Length of its vectors. */
  readonly dimensions: number;
  /** Whether texts of like meaning lie close, not only those of like spelling, which the word index finds better. */
  readonly knowsMeaning: boolean;
  /**
   * One vector for each text, in the order given. Callers use `embedTexts`, which looks at what comes back.
   *
   * @param signal ends the work; then rejects with its reason
   * @param purpose what they are embedded for; absent: to be found
   * @throws EmbedderUnavailable where it seems that no text would get a vector now, TextRefused where it seems to lie
   *   in the texts; servers are not of one mind about which is which
   */
  embed(texts: readonly string[], signal: AbortSignal, purpose?: Purpose): Promise<Float32Array[]>;
  /** Ends what it holds; absent: it holds nothing. */
  close?(): Promise<void>;
}

/** A question is what somebody waits for; a turn is what is found. Some models tell them apart. */
export type Purpose = 'question' | 'turn';

/** The embedding model does not answer, or refuses us altogether. Trying again later is right. */
export class EmbedderUnavailable extends Error {
  override readonly name = 'EmbedderUnavailable';
}

/** The embedding model refuses these texts, or makes something of them that is no vector. */
export class TextRefused extends Error {
  override readonly name: string = 'TextRefused';
  /** The server's own words; they may quote the texts, and so must not be logged. */
  readonly detail: string | null;
  constructor(message: string, detail: string | null = null) {
    super(message);
    this.detail = detail;
  }
}

/**
 * Embeds texts: the one place where vectors come in, and so where they are looked at. What comes back are as many
 * vectors as texts, each of the model's dimensions, of finite numbers, and scaled to length 1.
 *
 * @throws what the embedder throws, and TextRefused for vectors that are none
 */
export async function embedTexts(
  embedder: Embedder,
  texts: readonly string[],
  signal: AbortSignal,
  purpose: Purpose = 'turn',
): Promise<Float32Array[]> {
  const vectors = await embedder.embed(texts, signal, purpose);
  const { name, dimensions } = embedder;
  if (vectors.length !== texts.length)
    throw new TextRefused(
      `the embedding model "${name}" made ${vectors.length} vectors of ${texts.length} texts`,
    );
  return vectors.map((vector) => {
    if (vector.length !== dimensions)
      throw new TextRefused(
        `the embedding model "${name}" made a vector of ${vector.length} dimensions, where ${dimensions} are expected`,
      );
    return scaledToOne(name, vector);
  });
}

/** @throws TextRefused for a vector without length, or with what is no number */
export function scaledToOne(name: string, vector: ArrayLike<number>): Float32Array {
  // Plain loops: it is done for every turn, and to spread a vector into arguments takes several times as long.
  let largest = 0;
  for (let at = 0; at < vector.length; at++) largest = Math.max(largest, Math.abs(vector[at] ?? Number.NaN));
  if (largest === 0) throw new TextRefused(`the embedding model "${name}" made a vector without length`);
  // By the largest first, so that no square gets out of range.
  let squares = 0;
  for (let at = 0; at < vector.length; at++) squares += ((vector[at] ?? Number.NaN) / largest) ** 2;
  const length = largest * Math.sqrt(squares);
  if (!Number.isFinite(length))
    throw new TextRefused(`the embedding model "${name}" made a vector with what is no number`);
  const scaled = new Float32Array(vector.length);
  for (let at = 0; at < vector.length; at++) scaled[at] = (vector[at] ?? Number.NaN) / length;
  return scaled;
}
