import { HttpProblem } from '../http/body.ts';

/** Open sockets from one address, of one principal, and of all. */
const MAX_OF_ADDRESS = 200;
const MAX_OF_PRINCIPAL = 100;
const MAX_SOCKETS = 10_000;
const RETRY_MS = 10_000;

/** Counts open sockets. */
export class SocketLimits {
  readonly #open = new Map<string, number>();
  #total = 0;

  /** Counts a socket from an address. @returns a function for when it is closed @throws HttpProblem 429 */
  open(address: string): () => void {
    const key = `address ${address}`;
    if (this.#total >= MAX_SOCKETS || (this.#open.get(key) ?? 0) >= MAX_OF_ADDRESS)
      throw new HttpProblem(429, 'RATE_LIMITED', 'too many connections are open', RETRY_MS);
    this.#total++;
    const leave = this.#count(key);
    return () => {
      this.#total--;
      leave();
    };
  }

  /** Counts a socket of a principal. @returns a function for when it is closed; null if there are too many */
  admit({ tenantId, userId }: { tenantId: string; userId: string }): (() => void) | null {
    const key = `principal ${JSON.stringify([tenantId, userId])}`;
    return (this.#open.get(key) ?? 0) >= MAX_OF_PRINCIPAL ? null : this.#count(key);
  }

  #count(key: string): () => void {
    this.#open.set(key, (this.#open.get(key) ?? 0) + 1);
    return () => {
      const left = (this.#open.get(key) ?? 1) - 1;
      if (left > 0) this.#open.set(key, left);
      else this.#open.delete(key);
    };
  }
}
