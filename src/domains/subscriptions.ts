import type { Principal } from '../access/principals.ts';
import { formatCursor, parseCursor } from '../events/cursor.ts';
import type { DeliveredEvent, EventFeed, EventKind } from '../events/feed.ts';
import { InvalidInput } from './errors.ts';
import { scopeOf } from './ownership.ts';

export interface SubscriptionArguments {
  readonly conversationId?: string | null | undefined;
  readonly after?: string | null | undefined;
}

/** An event with the cursor that resumes right after it. */
export type CursoredEvent = DeliveredEvent & { readonly cursor: string };

/**
 * Events that a caller may see, from a cursor on, or from now.
 *
 * @param onOverflow told the last cursor when the consumer fell too far behind and gets nothing more
 * @throws InvalidInput if `after` is no cursor
 */
export async function* follow(
  events: EventFeed,
  principal: Principal,
  kind: EventKind,
  args: SubscriptionArguments,
  onOverflow?: (cursor: string) => void,
): AsyncGenerator<CursoredEvent> {
  const after = args.after == null ? null : parseCursor(args.after);
  if (args.after != null && after === null)
    throw new InvalidInput('after', 'is not a cursor of this subscription');
  const interest = {
    kinds: [kind],
    ...scopeOf(principal),
    conversationId: args.conversationId,
    after,
    onOverflow:
      onOverflow && ((position: Parameters<typeof formatCursor>[0]) => onOverflow(formatCursor(position))),
  };
  for await (const event of events.subscribe(interest))
    yield { ...event, cursor: formatCursor(event.position) };
}
