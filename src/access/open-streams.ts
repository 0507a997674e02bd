/** What one user may have open at once at one door. */
const MAX_OF_PRINCIPAL = 100;

/** Counts what is open and lasts, connections or streams, by whose it is. */
export class OpenStreams {
  readonly #open = new Map<string, number>();

  /** @returns a function for when it is closed; null if so many are open already */
  admit(key: string, most: number): (() => void) | null {
    const open = this.#open.get(key) ?? 0;
    if (open >= most) return null;
    this.#open.set(key, open + 1);
    return () => {
      const left = (this.#open.get(key) ?? 1) - 1;
      if (left > 0) this.#open.set(key, left);
      else this.#open.delete(key);
    };
  }

  /** The same by a user, for whom the most is the same everywhere. */
  admitPrincipal({ tenantId, userId }: { tenantId: string; userId: string }): (() => void) | null {
    return this.admit(`principal ${JSON.stringify([tenantId, userId])}`, MAX_OF_PRINCIPAL);
  }
}
