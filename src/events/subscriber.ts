import { BEGINNING, type EventPosition, isAfter, type ToldRange } from './cursor.ts';
import {
  type DeliveredEvent,
  type EventContent,
  type Interest,
  type Origin,
  type Place,
  SERVER_TENANT,
  type StoredEvent,
} from './event.ts';

/** Events that wait for one subscriber; beyond, it reads the table again. */
export const RING_SIZE = 256;
/** How long a subscriber that is behind may leave an event unread before it is dropped. */
const STALL_MS = 5_000;

/** One consumer: where it stands, and what waits for it. */
export class Subscriber {
  readonly interest: Interest;
  readonly begun: Origin | null;
  position: EventPosition;
  /** Table events come to it as the feed reads them. */
  live = false;
  overflowed = false;
  expired = false;
  /** The last row of each process that came by in the table: what is still in the queue of it is known. */
  readonly #passed = new Map<string, number>();
  readonly #forgotten: () => number;
  #queue: (StoredEvent | EventContent)[] = [];
  #wake: () => void = () => undefined;
  #handedOut: EventPosition;
  #handedOutAt: number | null = null;
  #confirmed: EventPosition;

  /**
   * @param begun the last event that was told before it came; null: none
   * @param forgotten the last told event that can't be offered any more
   */
  constructor(interest: Interest, begun: Origin | null, forgotten: () => number) {
    this.begun = begun;
    this.interest = interest;
    this.#forgotten = forgotten;
    this.position = interest.after ?? BEGINNING;
    this.#handedOut = this.position;
    this.#confirmed = this.position;
  }

  get isOver(): boolean {
    return this.overflowed || this.expired || this.interest.signal?.aborted === true;
  }

  /** @param told what was told by then and is no news to it; what it heard meanwhile it has heard as well */
  moveTo(position: EventPosition, told: readonly ToldRange[]): void {
    this.position = { ...position, told: [...told, ...this.position.told] };
  }

  wake(): void {
    this.#wake();
  }

  /** Puts an event into the ring. When that is full the subscriber falls back to reading the table at its own pace. */
  offer(event: StoredEvent | EventContent): void {
    if (this.overflowed || this.expired || !this.#isOfInterest(event)) return;
    if (this.#queue.length < RING_SIZE) {
      this.#queue.push(event);
    } else {
      this.live = false;
      this.#queue = [];
    }
    this.#wake();
  }

  /** The consumer has been given an event, and has not come back for the next one. */
  handOut(event: DeliveredEvent): void {
    this.#handedOut = event.position;
    this.#handedOutAt = performance.now();
  }

  /** The consumer has come back: what it was given is through. */
  confirm(): void {
    this.#confirmed = this.#handedOut;
    this.#handedOutAt = null;
  }

  /** Drops a consumer that is behind and does not read. */
  endIfStalled(): void {
    if (this.overflowed || this.live || this.#handedOutAt === null) return;
    if (performance.now() - this.#handedOutAt < STALL_MS) return;
    this.overflowed = true;
    this.#queue = [];
    this.interest.onOverflow?.(this.#confirmed);
    this.#wake();
  }

  /** Ends a consumer whose next events are there no more. @param oldest what is left begins after it */
  expire(oldest: Place): void {
    this.expired = true;
    this.#queue = [];
    this.interest.onExpired?.({ ...oldest, told: [] });
  }

  /** What waits, in order. */
  *take(): Generator<DeliveredEvent> {
    for (let event = this.#queue.shift(); event; event = this.#queue.shift()) {
      const delivered = this.receive(event);
      if (delivered) yield delivered;
    }
  }

  async more(): Promise<void> {
    if (this.#queue.length > 0 || this.isOver || !this.live) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Moves on to an event; null if it was seen before or is not of interest. */
  receive(event: StoredEvent | EventContent): DeliveredEvent | null {
    const isFromTable = 'transaction' in event;
    if (isFromTable && !isAfter(event, this.position)) return null;
    const { origin } = event;
    const wasTold = origin !== null && this.position.told.some((range) => isWithin(origin, range));
    const wasPassed = origin !== null && (this.#passed.get(origin.process) ?? 0) >= origin.number;
    if (isFromTable) {
      // Rows of a process come by in order: what was told up to this one needs no more remembering.
      const told = this.position.told.filter(
        ({ process, to }) => process !== origin?.process || to > origin.number,
      );
      this.position = { transaction: event.transaction, id: event.id, told };
      if (origin) this.#passed.set(origin.process, origin.number);
    } else if (origin && !wasTold && !wasPassed) {
      this.position = { ...this.position, told: this.#withTold(origin) };
    }
    return wasTold || wasPassed || !this.#isOfInterest(event) ? null : { ...event, position: this.position };
  }

  /** Remembers a told event: with the ones before it, unless some between them could not be offered. */
  #withTold({ process, number }: Origin): readonly ToldRange[] {
    const { told } = this.position;
    // Not one behind it: whoever resumes with that was not offered what lies between.
    const before = told.filter((range) => range.process === process && range.to < number);
    const last = before.toSorted((a, b) => a.to - b.to).at(-1);
    if (!last || this.#forgotten() > last.to) return [...told, { process, from: number, to: number }];
    return [...told.filter((range) => range !== last), { ...last, to: number }];
  }

  #isOfInterest(event: EventContent): boolean {
    const { kinds, tenantId, userId, conversationId, ofServer = true } = this.interest;
    return (
      kinds.includes(event.kind) &&
      ((event.tenantId === SERVER_TENANT && ofServer) ||
        (event.tenantId === tenantId && (userId === null || event.userId === userId))) &&
      (conversationId == null || event.conversationId === conversationId)
    );
  }
}

function isWithin(origin: Origin, range: ToldRange): boolean {
  return origin.process === range.process && origin.number >= range.from && origin.number <= range.to;
}
