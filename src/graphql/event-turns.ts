import { type BulkheadPolicy, bulkhead } from 'cockatiel';

/** Events that are shown at the same time, to all subscribers and to those of one user. */
const AT_ONCE = 4;
const AT_ONCE_OF_USER = 2;
/** A client that is slow to read keeps its place no longer. */
const LONGEST_MS = 100;

/**
 * Lets events be shown a few at a time, and users in turn, so that one turn with a thousand subscribers leaves the
 * event loop and the database's connections to those who ask.
 */
export class EventTurns {
  readonly #all = bulkhead(AT_ONCE, Number.POSITIVE_INFINITY);
  readonly #ofUsers = new Map<string, { readonly places: BulkheadPolicy; count: number }>();

  /** Waits for a place. @returns gives it back; may be called more than once */
  async take(user: string): Promise<() => void> {
    const own = this.#ofUsers.get(user) ?? {
      places: bulkhead(AT_ONCE_OF_USER, Number.POSITIVE_INFINITY),
      count: 0,
    };
    this.#ofUsers.set(user, own);
    own.count++;
    const leaveOwn = await place(own.places);
    const leaveAll = await place(this.#all);
    // What has come in meanwhile goes first.
    await new Promise<void>((resolve) => setImmediate(resolve));
    let isHeld = true;
    const leave = () => {
      if (!isHeld) return;
      isHeld = false;
      clearTimeout(timer);
      leaveAll();
      leaveOwn();
      if (--own.count === 0) this.#ofUsers.delete(user);
    };
    const timer = setTimeout(leave, LONGEST_MS);
    return leave;
  }
}

function place(places: BulkheadPolicy): Promise<() => void> {
  return new Promise((enter, reject) => {
    places.execute(() => new Promise<void>((leave) => enter(leave))).catch(reject);
  });
}
