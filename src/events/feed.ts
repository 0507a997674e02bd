import { randomBytes } from 'node:crypto';
import { bulkhead } from 'cockatiel';
import type { Database } from '../db/client.ts';
import type { Keeper } from '../jobs/keeper.ts';
import type { Keepers } from '../jobs/keepers.ts';
import type { Logger } from '../log.ts';
import { BEGINNING, type EventPosition, isAfter, type ToldRange } from './cursor.ts';
import type {
  DeliveredEvent,
  EventContent,
  EventKind,
  Interest,
  Origin,
  Place,
  StoredEvent,
} from './event.ts';
import { prunedUpTo } from './pruned.ts';
import { RING_SIZE, Subscriber } from './subscriber.ts';

const PAGE_SIZE = 500;
const POLL_MS = 250;
/** Subscribers that read the table for themselves at the same time: a thousand that resume leave the pool to others. */
const READS_AT_ONCE = 2;
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
  readonly #keeper: Keeper;
  readonly #subscribers = new Set<Subscriber>();
  readonly #reads = bulkhead(READS_AT_ONCE, Number.POSITIVE_INFINITY);
  #head: { transaction: bigint; id: bigint } | null = null;
  #recent: StoredEvent[] = [];
  /** The latest events that this process told, with their places in the table once they have one. */
  readonly #told: { readonly event: EventContent; row: Place | null }[] = [];
  /** The last told event that is no longer remembered. */
  #forgotten = 0;
  #stopped = false;
  #failing = false;
  #reading = false;
  #retry = RETRY_MS.length;

  constructor(db: Database, log: Logger, keepers: Keepers) {
    this.#db = db;
    this.#log = log;
    this.#keeper = keepers.create({
      name: 'event feed',
      // While nobody listens there is nothing to read.
      everyMs: () =>
        this.#subscribers.size > 0 ? (RETRY_MS[this.#retry++] ?? POLL_MS) : Number.POSITIVE_INFINITY,
      retryMs: POLL_MS,
      round: () => this.#advance(),
    });
    this.#keeper.start();
  }

  /** Says that events may have been committed. Cheap; may be called at any time. */
  wake(): void {
    if (this.#subscribers.size === 0 || this.#stopped) return;
    this.#retry = 0;
    this.#look();
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

  /** The table took these as well as it ever will: those without a place there are not offered again to who resumes. */
  forgetUnsettled(numbers: readonly number[]): void {
    for (const number of numbers) {
      const at = this.#told.findIndex(({ event, row }) => !row && event.origin?.number === number);
      if (at >= 0) this.#told.splice(at, 1);
    }
  }

  /** Ends all subscriptions. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const subscriber of this.#subscribers) subscriber.wake();
    await this.#keeper.stop();
  }

  /** The events of interest, without gap or duplicate, until the consumer stops, stalls, or the feed ends. */
  async *subscribe(interest: Interest): AsyncGenerator<DeliveredEvent, void, undefined> {
    const subscriber = new Subscriber(
      interest,
      this.#told.at(-1)?.event.origin ?? null,
      () => this.#forgotten,
    );
    const end = () => subscriber.wake();
    interest.signal?.addEventListener('abort', end);
    this.#subscribers.add(subscriber);
    try {
      for await (const event of this.#follow(subscriber)) {
        const leave = await interest.pace?.(event);
        try {
          if (subscriber.isOver) return;
          subscriber.handOut(event);
          yield event;
          subscriber.confirm();
        } finally {
          leave?.();
        }
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
        this.#look();
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
          const latest = await this.#reads.execute(() => this.#latestPosition());
          subscriber.moveTo(latest, this.#toldBefore(subscriber.begun, latest));
          known = true;
        }
        const page = await this.#reads.execute(() => this.#readUnpruned(subscriber));
        if (page === null) return;
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

  /**
   * What was told before a subscriber came, and stands behind where it begins: not in the table yet, or out of sight behind an older
   * open transaction. It is no news to it, also when it resumes.
   */
  #toldBefore(begun: Origin | null, latest: Place): ToldRange[] {
    const first = this.#told.find(({ row }) => !row || isAfter(row, latest))?.event.origin;
    if (!first || !begun || first.number > begun.number) return [];
    return [{ process: begun.process, from: first.number, to: begun.number }];
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

  /** Reads at once; one who reads already looks again soon. */
  #look(): void {
    if (!this.#reading) this.#keeper.wake();
  }

  /** Nobody listens: the next subscriber starts from the table. */
  #forget(): void {
    this.#head = null;
    this.#recent = [];
  }

  async #advance(): Promise<void> {
    this.#reading = true;
    try {
      for (;;) {
        // Without a live subscriber there is nothing to carry on: those who catch up read for themselves.
        if (!this.#head) return;
        const page = await this.#read(this.#head);
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
    } finally {
      this.#reading = false;
      if (this.#subscribers.size === 0) this.#forget();
    }
  }

  /** What follows a subscriber's position; null, and the subscriber is told, if some of it is there no more. */
  async #readUnpruned(subscriber: Subscriber): Promise<StoredEvent[] | null> {
    const page = await this.#read(subscriber.position);
    // Asked afterwards: what was pruned before the page was read is known by then.
    const pruned = await prunedUpTo(this.#db, subscriber.interest.kinds);
    if (!pruned || !isAfter(pruned, subscriber.position)) return page;
    subscriber.expire(pruned);
    return null;
  }

  #noteFailure(error: unknown): void {
    if (!this.#failing) this.#log.warn({ err: error }, 'events cannot be read; trying again');
    this.#failing = true;
  }

  async #read(after: { transaction: bigint; id: bigint }): Promise<StoredEvent[]> {
    const result = await this.#db.pool.query<RawEvent>({
      name: 'events_after',
      // Below the horizon (the snapshot's xmin) every transaction has ended, so nothing can still appear before what is read.
      text: `select * from echo_events
             where (xid, id) > ($1::xid8, $2) and xid < echo_horizon() order by xid, id limit ${PAGE_SIZE}`,
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
    const result = await this.#db.pool.query<Pick<RawEvent, 'xid' | 'id'>>({
      name: 'events_latest',
      text: 'select xid, id from echo_events where xid < echo_horizon() order by xid desc, id desc limit 1',
    });
    const row = result.rows[0];
    return row ? { ...BEGINNING, transaction: BigInt(row.xid), id: BigInt(row.id) } : BEGINNING;
  }
}

/** A row of the table as the driver returns it. */
type RawEvent = {
  readonly xid: string;
  readonly id: string;
  readonly kind: EventKind;
  readonly tenant_id: string;
  readonly user_id: string | null;
  readonly conversation_id: string | null;
  readonly turn_id: string | null;
  readonly payload: EventContent['payload'];
  readonly at: Date;
} & ({ readonly origin: string; readonly origin_number: number } | { readonly origin: null });
