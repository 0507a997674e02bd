import type { Principal } from '../access/principals.ts';
import { CursorExpired, InvalidInput, SubscriberTooSlow } from '../errors.ts';
import { type EventPosition, formatCursor, parseCursor } from '../events/cursor.ts';
import type { DeliveredEvent, EventKind } from '../events/event.ts';
import type { EventFeed } from '../events/feed.ts';
import { conversationId as conversationIdSchema, parseInput } from './input.ts';
import { ownerFor, scopeOf } from './ownership.ts';

/** What clients are told of the argument `after` of every subscription. */
export const RESUME_AFTER =
  'Resume after this cursor, without gap or duplicate; absent: from now on. Where what follows it is no longer kept, the stream ends with CURSOR_EXPIRED, whose extension `cursor` is the oldest one that works.';

export interface SubscriptionArguments {
  /** Without a user: the caller's own of this name. */
  readonly conversationId?: string | null | undefined;
  readonly userId?: string | null | undefined;
  readonly after?: string | null | undefined;
}

/** An event with the cursor that resumes right after it. */
export type CursoredEvent = DeliveredEvent & { readonly cursor: string };

/**
 * Events that a caller may see, from a cursor on, or from now.
 *
 * @param watch.signal ends it, even while nothing happens
 * @param watch.pace waits until an event may be shown
 * @param watch.ofServer false: no events of the server itself
 * @param watch.onOverflow told the last cursor when the consumer fell too far behind and gets nothing more
 * @throws InvalidInput if `after` is no cursor, or no conversation can be called so; Forbidden
 * @throws CursorExpired if what follows `after` is no longer kept
 * @throws SubscriberTooSlow in place of `onOverflow`, where there is none
 */
export async function* follow(
  events: EventFeed,
  principal: Principal,
  kind: EventKind,
  args: SubscriptionArguments,
  watch: {
    readonly signal: AbortSignal;
    readonly ofServer?: boolean | undefined;
    readonly onOverflow?: ((cursor: string) => void) | undefined;
    readonly pace?: ((event: string, signal: AbortSignal) => Promise<() => void>) | undefined;
  },
): AsyncGenerator<CursoredEvent> {
  const { pace } = watch;
  const conversationId =
    args.conversationId == null
      ? null
      : parseInput(conversationIdSchema, args.conversationId, 'conversationId');
  const after = args.after == null ? null : parseCursor(args.after);
  if (args.after != null && after === null)
    throw new InvalidInput('after', 'is not a cursor of this subscription');
  const interest = {
    kinds: [kind],
    ...(conversationId === null && args.userId == null
      ? scopeOf(principal)
      : ownerFor(principal, args.userId)),
    conversationId,
    ofServer: watch.ofServer,
    after,
    signal: watch.signal,
    pace: pace && ((event: DeliveredEvent) => pace(nameOf(event), watch.signal)),
    onOverflow: (position: EventPosition) => {
      last = formatCursor(position);
      watch.onOverflow?.(last);
    },
    onExpired: (position: EventPosition) => {
      oldest = formatCursor(position);
    },
  };
  let last: string | null = null;
  let oldest: string | null = null;
  for await (const event of events.subscribe(interest))
    yield { ...event, cursor: formatCursor(event.position) };
  if (oldest !== null) throw new CursorExpired(oldest);
  if (last !== null && !watch.onOverflow) throw new SubscriberTooSlow(last);
}

/** Names an event among all others. */
function nameOf({ kind, turnId, position }: DeliveredEvent): string {
  return `${kind} ${turnId ?? formatCursor(position)}`;
}

/**
 * A generator that ends when its consumer leaves, even while it waits for something: an async generator alone
 * takes notice of `return` only at its next `yield`.
 *
 * @param start gets the signal that ends its waits
 */
export function endable<T>(start: (signal: AbortSignal) => AsyncGenerator<T>): AsyncGenerator<T> {
  const ending = new AbortController();
  const source = start(ending.signal);
  const end = async (value: unknown) => {
    ending.abort();
    return source.return(value);
  };
  return {
    next: () => source.next().catch<IteratorResult<T>>(asLastEvent),
    return: end,
    throw: (error) => {
      ending.abort();
      return source.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: async () => void (await end(undefined)),
  };
}

/** A failure is told to the subscriber as the last event: a stream that fails would only end. */
function asLastEvent<T>(error: unknown): IteratorResult<T> {
  // GraphQL takes an error that a resolver returns as one that it threw.
  return { done: false, value: (error instanceof Error ? error : new Error(String(error))) as T };
}
