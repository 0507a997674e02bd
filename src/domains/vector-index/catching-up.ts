/** The latest pages of a comparison say whether a server is behind others: so many of their turns had no vector with it, and this share. */
const LATEST_PAGES = 10;
const MANY = 500;
const MUCH = 0.1;

interface Page {
  /** Turns that were compared. */
  readonly checked: number;
  /** Those of them whose vector only another server had. */
  readonly copied: number;
}

/**
 * Whether a server that shares its database, and not its vectors, lacks many of those that others have: a new one, or one whose files
 * were lost. A few turns that others have just embedded are none of its concern.
 */
export class CatchingUp {
  #pages: readonly Page[] = [];

  /** A comparison begins: what the last one met, it has made. */
  begin(): void {
    this.#pages = [];
  }

  note(page: Page): void {
    this.#pages = [...this.#pages, page].slice(-LATEST_PAGES);
  }

  get isBehind(): boolean {
    const sum = (of: keyof Page) => this.#pages.reduce((total, page) => total + page[of], 0);
    return sum('copied') >= Math.max(MANY, sum('checked') * MUCH);
  }
}
