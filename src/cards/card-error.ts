/** A file holds no character card, or one that is damaged or too large. Its message is for whoever gave the file. */
export class CardError extends Error {
  override readonly name: string = 'CardError';
}

/** The file is whole, and holds something else than a card. */
export class NoCardError extends CardError {
  override readonly name = 'NoCardError';
}
