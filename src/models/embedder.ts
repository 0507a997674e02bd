/** Something that turns texts into vectors, so that texts of like meaning (or likeness) lie close to each other. */
export interface Embedder {
  /** The model's name. Another name, or other dimensions, means that stored vectors have to be made again. */
  readonly name: string;
  /** Length of its vectors. */
  readonly dimensions: number;
  /** Whether texts of like meaning lie close, not only those of like spelling, which the word index finds better. */
  readonly knowsMeaning: boolean;
  /**
   * One vector for each text, in the order given, of length 1.
   *
   * @param signal ends the work; then rejects with its reason
   * @throws EmbedderUnavailable where no text would get a vector now; anything else is taken as the texts' fault
   */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>;
}

/** The embedding model does not answer, or refuses us altogether. Trying again later is right. */
export class EmbedderUnavailable extends Error {
  override readonly name = 'EmbedderUnavailable';
}
