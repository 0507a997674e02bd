import { OpenStreams } from '../access/open-streams.ts';
import { HttpProblem } from '../http/body.ts';

/** Open sockets from one address, and of all. */
const MAX_OF_ADDRESS = 200;
const MAX_SOCKETS = 10_000;
const RETRY_MS = 10_000;

/** Counts open sockets. */
export class SocketLimits {
  readonly #open = new OpenStreams();
  #total = 0;

  /** Counts a socket from an address. @returns a function for when it is closed @throws HttpProblem 429 */
  open(address: string): () => void {
    const leave = this.#total >= MAX_SOCKETS ? null : this.#open.admit(`address ${address}`, MAX_OF_ADDRESS);
    if (!leave) throw new HttpProblem(429, 'RATE_LIMITED', 'too many connections are open', RETRY_MS);
    this.#total++;
    return () => {
      this.#total--;
      leave();
    };
  }

  /** Counts a socket of a principal. @returns a function for when it is closed; null if there are too many */
  admit(principal: { tenantId: string; userId: string }): (() => void) | null {
    return this.#open.admitPrincipal(principal);
  }
}
