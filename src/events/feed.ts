import type { Database } from '../db/client.ts';
import type { Logger } from '../log.ts';

export type EventKind = 'interaction_added';

/** A place between events: the transaction and id of the last one seen. */
export interface EventPosition {
  readonly transaction: bigint;
  readonly id: bigint;
}

export interface StoredEvent extends EventPosition {
  readonly kind: EventKind;
  readonly tenantId: string;
  readonly userId: string | null;
  readonly conversationId: string | null;
  readonly turnId: string | null;
  readonly payload: Record<string, unknown>;
  readonly at: Date;
}

export interface Interest {
  readonly kinds: readonly EventKind[];
  /** Null: any tenant's (only for the server itself). */
  readonly tenantId: string | null;
  /** Null: those of any user. */
  readonly userId: string | null;
  readonly conversationId?: string | null | undefined;
  /** Start right after this position; absent: start now. */
  readonly after?: EventPosition | null | undefined;
}

/** Thrown to a subscriber that fell behind the events and was dropped; it may resume after `position`. */
export class SubscriberOverflow extends Error {
  readonly position: EventPosition;
  constructor(position: EventPosition) {
    super(`fell more than ${RING_SIZE} events behind; resume after cursor ${formatCursor(position)}`);
    this.name = 'SubscriberOverflow';
    this.position = position;
  }
}

/** Events that wait for one subscriber before it is dropped. */
export const RING_SIZE = 256;
const PAGE_SIZE = 500;
const POLL_MS = 250;
/** After a wake-up the event may still hide behind an older open transaction: look again soon, then at the poll. */
const RETRY_MS = [2, 5, 10, 25, 50];

interface Subscriber {
  readonly interest: Interest;
  /** What it had seen when it joined: the feed's own reading may be behind that. */
  joinedAt: EventPosition;
  readonly queue: StoredEvent[];
  overflowed: boolean;
  notify: () => void;
}

/**
 * Follows the event table and hands each event to whoever is interested, in commit-safe order.
 *
 * Every subscriber reads from its own position: first the table, then live events through its own bounded ring,
 * so that a slow one harms nobody else.
 */
export class EventFeed {
  readonly #db: Database;
  readonly #log: Logger;
  readonly #subscribers = new Set<Subscriber>();
  #head: EventPosition | null = null;
  #recent: StoredEvent[] = [];
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

  /** Ends all subscriptions. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    for (const subscriber of this.#subscribers) subscriber.notify();
    await this.#reading;
  }

  /**
   * The events of interest, without gap or duplicate, until the consumer stops.
   *
   * @throws SubscriberOverflow if the consumer is more than `RING_SIZE` events behind
   */
  async *subscribe(interest: Interest): AsyncGenerator<StoredEvent, void, undefined> {
    let position = interest.after ?? (await this.#latestPosition());
    const subscriber: Subscriber = {
      interest,
      joinedAt: position,
      queue: [],
      overflowed: false,
      notify: () => undefined,
    };
    try {
      while (!this.#join(subscriber, position)) {
        const page = await this.#read(position);
        for (const event of page) {
          position = event;
          if (isOfInterest(event, interest)) yield event;
        }
        if (page.length === 0) this.#head ??= position;
      }
      this.#schedule(0);
      while (!this.#stopped) {
        const event = subscriber.queue.shift();
        if (event) {
          position = event;
          yield event;
        } else if (subscriber.overflowed) {
          throw new SubscriberOverflow(position);
        } else {
          await new Promise<void>((resolve) => {
            subscriber.notify = resolve;
          });
        }
      }
    } finally {
      this.#subscribers.delete(subscriber);
    }
  }

  /** Registers for live events if the recent ones reach back to `position`; in one step, so nothing slips through. */
  #join(subscriber: Subscriber, position: EventPosition): boolean {
    if (!this.#head) return false;
    const oldest = this.#recent[0];
    const covered = !isAfter(this.#head, position) || (oldest !== undefined && !isAfter(oldest, position));
    if (!covered) return false;
    subscriber.joinedAt = position;
    this.#subscribers.add(subscriber);
    for (const event of this.#recent) offer(subscriber, event);
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
          for (const subscriber of this.#subscribers) offer(subscriber, event);
        }
        if (this.#recent.length > RING_SIZE) this.#recent = this.#recent.slice(-RING_SIZE);
        if (page.length < PAGE_SIZE) return;
      }
    } catch (error) {
      if (!this.#failing) this.#log.warn({ err: error }, 'events cannot be read; trying again');
      this.#failing = true;
    }
  }

  async #read(after: EventPosition): Promise<StoredEvent[]> {
    const result = await this.#db.pool.query({
      name: 'events_after',
      // Below the snapshot's xmin every transaction has ended, so nothing can still appear before what is read.
      text: `select id, xid, kind, tenant_id, user_id, conversation_id, turn_id, payload, at from echo_events
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
    }));
  }

  async #latestPosition(): Promise<EventPosition> {
    const result = await this.#db.pool.query({
      name: 'events_latest',
      text: 'select xid, id from echo_events where xid < pg_snapshot_xmin(pg_current_snapshot()) order by xid desc, id desc limit 1',
    });
    const row = result.rows[0];
    return row ? { transaction: BigInt(row.xid), id: BigInt(row.id) } : { transaction: 0n, id: 0n };
  }
}

/** A position as clients see it. */
export function formatCursor(position: EventPosition): string {
  return `${position.transaction}-${position.id}`;
}

/** The position that a cursor names, or null if it is none. */
export function parseCursor(cursor: string): EventPosition | null {
  const parts = /^(\d{1,19})-(\d{1,19})$/.exec(cursor);
  if (!parts) return null;
  const [transaction, id] = [BigInt(parts[1] ?? 0), BigInt(parts[2] ?? 0)];
  return id <= 9_223_372_036_854_775_807n && transaction <= 9_223_372_036_854_775_807n
    ? { transaction, id }
    : null;
}

function offer(subscriber: Subscriber, event: StoredEvent): void {
  if (
    subscriber.overflowed ||
    !isAfter(event, subscriber.joinedAt) ||
    !isOfInterest(event, subscriber.interest)
  )
    return;
  if (subscriber.queue.length >= RING_SIZE) subscriber.overflowed = true;
  else subscriber.queue.push(event);
  subscriber.notify();
}

function isOfInterest(event: StoredEvent, { kinds, tenantId, userId, conversationId }: Interest): boolean {
  return (
    kinds.includes(event.kind) &&
    (tenantId === null || event.tenantId === tenantId) &&
    (userId === null || event.userId === userId) &&
    (conversationId == null || event.conversationId === conversationId)
  );
}

function isAfter(a: EventPosition, b: EventPosition): boolean {
  return a.transaction > b.transaction || (a.transaction === b.transaction && a.id > b.id);
}
