import type { EventPosition } from './cursor.ts';

export type EventKind =
  | 'interaction_added'
  | 'interaction_answered'
  | 'persistence_failure'
  | 'alert'
  | 'activity'
  | 'task_changed'
  | 'fact_changed';

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
export interface Place {
  readonly transaction: bigint;
  readonly id: bigint;
}

export interface Origin {
  readonly process: string;
  readonly number: number;
}

export interface StoredEvent extends EventContent {
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
  /** False: none of the server itself; absent: those, too. */
  readonly ofServer?: boolean | undefined;
  /** Start right after this position; absent: start now. */
  readonly after?: EventPosition | null | undefined;
  /** Ends the subscription, even while nothing happens. */
  readonly signal?: AbortSignal | undefined;
  /** Waits until an event may be handed out, before each of them. @returns called when the consumer is through with it */
  readonly pace?: ((event: DeliveredEvent) => Promise<() => void>) | undefined;
  /** Told once when the subscriber is behind and does not read: it gets nothing more, and may resume after the position. */
  readonly onOverflow?: ((position: EventPosition) => void) | undefined;
  /** Told once when events right after its position were pruned: it gets nothing more, and what is left begins after this one. */
  readonly onExpired?: ((oldest: EventPosition) => void) | undefined;
}

/** The tenant of events of the server itself, which every tenant may see. */
export const SERVER_TENANT = '*';
