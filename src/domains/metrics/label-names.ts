/** So many values of a label are told apart. */
const MAX_NAMES = 50;

/** Names for a label that others choose: there may be any number of them in time, and each is a series for ever. */
export class LabelNames {
  readonly #known = new Set<string>();

  /** The name itself, or `other`. */
  of(name: string): string {
    if (!this.#known.has(name) && this.#known.size >= MAX_NAMES) return 'other';
    this.#known.add(name);
    return name;
  }
}
