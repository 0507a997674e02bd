import { randomBytes } from 'node:crypto';
import type { Database } from '../db/client.ts';
import type { Logger } from '../log.ts';
import { BEGINNING, type EventPosition, isAfter, type ToldRange } from './cursor.ts';

export type EventKind = 'interaction_added' | 'persistence_failure' | 'alert';

/** What an event says. */
export interface EventContent {
  readonly kind: EventKind;
  readonly tenantId: string;
  readonly userId: string | null;
  readonly conversationId: string | null;
  readonly turnId: string | null;
  readonly payload: Record<string, unknown>;
  readonly at: Date;
  /** The process that told it before the table had it, and its number there. */
  readonly origin: Origin | null;
}

/** A place in the table. */
interface Place {
  readonly transaction: bigint;
  readonly id: bigint;
}

interface Origin {
  readonly process: string;
  readonly number: number;
}

interface StoredEvent extends EventContent {
  readonly transaction: bigint;
  readonly id: bigint;
}

/** An event as a subscriber gets it: resuming after `position` continues right behind it. */
export interface DeliveredEvent extends EventContent {
  readonly position: EventPosition;
}

export interface Interest {
  readonly kinds: readonly EventKind[];
  readonly tenantId: string;
  /** Null: those of any user. */
  readonly userId: string | null;
  readonly conversationId?: string | null | undefined;
  /** Start right after this position; absent: start now. */
  readonly after?: EventPosition | null | undefined;
  /** Ends the subscription, even while nothing happens. */
  readonly signal?: AbortSignal | undefined;
  /** Told once when the subscriber is behind and does not read: it gets nothing more, and may resume after the position. */
  readonly onOverflow?: ((position: EventPosition) => void) | undefined;
}

/** The tenant of events of the server itself, which every tenant may see. */
export const SERVER_TENANT = '*';

/** Events that wait for one subscriber; beyond, it reads the table again. */
export const RING_SIZE = 256;
/** How long a subscriber that is behind may leave an event unread before it is dropped. */
const STALL_MS = 5_000;
const PAGE_SIZE = 500;
const POLL_MS = 250;
/** After a wake-up the event may still hide behind an older open transaction: look again soon, then at the poll. */
const RETRY_MS = [2, 5, 10, 25, 50];

/**
 * Follows the event table and hands each event to whoever is interested, in commit-safe order. Events that cannot
 * wait for the database are told at once and recognised when they come by in the table.
 *
 * Every subscriber reads from its own position: first the table, then live events through its own bounded ring,
 * so that a slow one harms nobody else. One that falls behind reads the table again; one that does not read at all
 * is dropped.
 */
export class EventFeed {
  /** Names this process in events that it tells before the table has them. */
  readonly process = randomBytes(4).toString('hex');
  readonly #db: Database;
  readonly #log: Logger;
  readonly #subscribers = new Set<Subscriber>();
  #head: { transaction: bigint; id: bigint } | null = null;
  #recent: StoredEvent[] = [];
  /** The latest events that this process told, with their places in the table once they have one. */
  readonly #told: { readonly event: EventContent; row: Place | null }[] = [];
  /** The last told event that is no longer remembered. */
  #forgotten = 0;
  #stopped = false;
  #failing = false;
  #reading: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #retry = RETRY_MS.length;

  constructor(db: Database, log: Logger) {
    this.#db = db;
    this.#log = log;
  }

  /** Says that events may have been committed. Cheap; may be called at any time. */
  wake(): void {
    if (this.#subscribers.size === 0 || this.#stopped) return;
    this.#retry = 0;
    this.#schedule(0);
  }

  /** Hands out an event that the table does not have yet. */
  tell(event: EventContent): void {
    this.#told.push({ event, row: null });
    if (this.#told.length > RING_SIZE) this.#forgotten = this.#told.shift()?.event.origin?.number ?? 0;
    for (const subscriber of this.#subscribers) subscriber.offer(event);
  }

  /** Where the table now has an event that this process told. */
  settle(number: number, row: Place): void {
    const told = this.#told.find(({ event }) => event.origin?.number === number);
    if (told) told.row = row;
  }

  /** Ends all subscriptions. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    for (const subscriber of this.#subscribers) subscriber.wake();
    await this.#reading;
  }

  /** The events of interest, without gap or duplicate, until the consumer stops, stalls, or the feed ends. */
  async *subscribe(interest: Interest): AsyncGenerator<DeliveredEvent, void, undefined> {
    const subscriber = new Subscriber(interest, () => this.#forgotten);
    const end = () => subscriber.wake();
    interest.signal?.addEventListener('abort', end);
    this.#subscribers.add(subscriber);
    try {
      for await (const event of this.#follow(subscriber)) {
        subscriber.handOut(event);
        yield event;
        subscriber.confirm();
      }
    } finally {
      this.#subscribers.delete(subscriber);
      interest.signal?.removeEventListener('abort', end);
    }
  }

  async *#follow(subscriber: Subscriber): AsyncGenerator<DeliveredEvent, void, undefined> {
    let isResuming = subscriber.interest.after != null;
    while (!this.#stopped && !subscriber.isOver) {
      if (!subscriber.live) {
        yield* this.#catchUp(subscriber, isResuming);
        isResuming = true;
        this.#schedule(0);
      }
      yield* subscriber.take();
      await subscriber.more();
    }
  }

  /** Reads the table from the subscriber's position until live events continue it. Outlasts the database. */
  async *#catchUp(
    subscriber: Subscriber,
    isResuming: boolean,
  ): AsyncGenerator<DeliveredEvent, void, undefined> {
    let known = isResuming;
    // What was told while it was away comes from memory, so that it is heard in order even without the database.
    if (isResuming) {
      for (const { event, row } of this.#told)
        if (!row || isAfter(row, subscriber.position)) subscriber.offer(event);
    }
    while (!this.#stopped && !subscriber.isOver && !(known && this.#join(subscriber))) {
      try {
        if (!known) {
          subscriber.moveTo(await this.#latestPosition());
          known = true;
        }
        const page = await this.#read(subscriber.position);
        for (const event of page) {
          const delivered = subscriber.receive(event);
          if (delivered) yield delivered;
        }
        if (page.length === 0) this.#head ??= subscriber.position;
      } catch (error) {
        this.#noteFailure(error);
        yield* subscriber.take();
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    }
  }

  /** Lets live events continue where the subscriber stands, if the recent ones reach back to it. */
  #join(subscriber: Subscriber): boolean {
    if (!this.#head) return false;
    const oldest = this.#recent[0];
    const isCurrent = !isAfter(this.#head, subscriber.position);
    if (!isCurrent && (!oldest || isAfter(oldest, subscriber.position))) return false;
    subscriber.live = true;
    for (const event of this.#recent) if (isAfter(event, subscriber.position)) subscriber.offer(event);
    return true;
  }

  #schedule(delay: number): void {
    if (this.#stopped || this.#reading) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#reading = this.#advance().finally(() => {
        this.#reading = null;
        if (this.#subscribers.size > 0) this.#schedule(RETRY_MS[this.#retry++] ?? POLL_MS);
        else this.#forget();
      });
    }, delay);
  }

  /** Nobody listens: the next subscriber starts from the table. */
  #forget(): void {
    this.#head = null;
    this.#recent = [];
  }

  async #advance(): Promise<void> {
    try {
      for (;;) {
        const page = await this.#read(this.#head ?? (await this.#latestPosition()));
        this.#failing = false;
        for (const event of page) {
          this.#head = event;
          this.#recent.push(event);
          for (const subscriber of this.#subscribers) if (subscriber.live) subscriber.offer(event);
        }
        for (const subscriber of this.#subscribers) subscriber.endIfStalled();
        if (this.#recent.length > RING_SIZE) this.#recent = this.#recent.slice(-RING_SIZE);
        if (page.length < PAGE_SIZE) return;
      }
    } catch (error) {
      this.#noteFailure(error);
    }
  }

  #noteFailure(error: unknown): void {
    if (!this.#failing) this.#log.warn({ err: error }, 'events cannot be read; trying again');
    this.#failing = true;
  }

  async #read(after: { transaction: bigint; id: bigint }): Promise<StoredEvent[]> {
    const result = await this.#db.pool.query({
      name: 'events_after',
      // Below the snapshot's xmin every transaction has ended, so nothing can still appear before what is read.
      text: `select * from echo_events
             where (xid, id) > ($1::xid8, $2) and xid < pg_snapshot_xmin(pg_current_snapshot()) order by xid, id limit ${PAGE_SIZE}`,
      values: [after.transaction.toString(), after.id.toString()],
    });
    return result.rows.map((row) => ({
      transaction: BigInt(row.xid),
      id: BigInt(row.id),
      kind: row.kind,
      tenantId: row.tenant_id,
      userId: row.user_id,
      conversationId: row.conversation_id,
      turnId: row.turn_id,
      payload: row.payload,
      at: row.at,
      origin: row.origin === null ? null : { process: row.origin, number: row.origin_number },
    }));
  }

  async #latestPosition(): Promise<EventPosition> {
    const result = await this.#db.pool.query({
      name: 'events_latest',
      text: 'select xid, id from echo_events where xid < pg_snapshot_xmin(pg_current_snapshot()) order by xid desc, id desc limit 1',
    });
    const row = result.rows[0];
    return row ? { ...BEGINNING, transaction: BigInt(row.xid), id: BigInt(row.id) } : BEGINNING;
  }
}

/** One consumer: where it stands, and what waits for it. */
class Subscriber {
  readonly interest: Interest;
  position: EventPosition;
  /** Table events come to it as the feed reads them. */
  live = false;
  overflowed = false;
  /** The last row of each process that came by in the table: what is still in the queue of it is known. */
  readonly #passed = new Map<string, number>();
  readonly #forgotten: () => number;
  #queue: (StoredEvent | EventContent)[] = [];
  #wake: () => void = () => undefined;
  #handedOut: EventPosition;
  #handedOutAt: number | null = null;
  #confirmed: EventPosition;

  /** @param forgotten the last told event that can't be offered any more */
  constructor(interest: Interest, forgotten: () => number) {
    this.interest = interest;
    this.#forgotten = forgotten;
    this.position = interest.after ?? BEGINNING;
    this.#handedOut = this.position;
    this.#confirmed = this.position;
  }

  get isOver(): boolean {
    return this.overflowed || this.interest.signal?.aborted === true;
  }

  moveTo(position: EventPosition): void {
    this.position = { ...position, told: this.position.told };
  }

  wake(): void {
    this.#wake();
  }

  /** Puts an event into the ring. When that is full the subscriber falls back to reading the table at its own pace. */
  offer(event: StoredEvent | EventContent): void {
    if (this.overflowed || !this.#isOfInterest(event)) return;
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
    const last = told.findLast((range) => range.process === process);
    if (!last || this.#forgotten() > last.to) return [...told, { process, from: number, to: number }];
    return [...told.filter((range) => range !== last), { ...last, to: number }];
  }

  #isOfInterest(event: EventContent): boolean {
    const { kinds, tenantId, userId, conversationId } = this.interest;
    return (
      kinds.includes(event.kind) &&
      (event.tenantId === SERVER_TENANT ||
        (event.tenantId === tenantId && (userId === null || event.userId === userId))) &&
      (conversationId == null || event.conversationId === conversationId)
    );
  }
}

function isWithin(origin: Origin, range: ToldRange): boolean {
  return origin.process === range.process && origin.number >= range.from && origin.number <= range.to;
}
