import { signal } from '@preact/signals';
import { type Client, createClient } from 'graphql-ws';
import { authorization } from './ask.ts';
import type { Operation } from './operation.ts';
import { problemOf } from './problem.ts';
import { signOut } from './session.ts';

/** Whether news come as they happen. */
export const isLive = signal(false);
/** How much is followed; the connection is there while it is something. */
export const following = signal(0);

const FORBIDDEN = 4403;
const LONGEST_PAUSE_MS = 5_000;
const PAUSE_MS = 300;
/** After so long without a sign of life the connection is opened again. */
const PING_MS = 10_000;

let client: Client | null = null;

/** Opens the connection for whoever is signed in now; what was open before is closed. */
export function openSocket(): void {
  void client?.dispose();
  let answered = 0;
  client = createClient({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`,
    connectionParams: authorization,
    keepAlive: PING_MS,
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: (attempt) => pause(Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** attempt)),
    // Whatever closed it, but the word that this caller may not.
    shouldRetry: (event) => (event as CloseEvent).code !== FORBIDDEN,
    on: {
      connected: () => {
        isLive.value = true;
      },
      closed: (event) => {
        isLive.value = false;
        clearTimeout(answered);
        if ((event as CloseEvent).code === FORBIDDEN)
          signOut('This key or token was revoked, or has expired.');
      },
      ping: (isReceived) => {
        if (!isReceived) answered = window.setTimeout(() => client?.terminate(), PING_MS / 2);
      },
      pong: (isReceived) => {
        if (isReceived) clearTimeout(answered);
      },
    },
  });
}

/** Something that is told, with the place where it goes on. */
interface Told {
  readonly cursor: string;
}

/**
 * Follows what happens. When the connection or the server was away it goes on after the last that came, so that nothing is left out and
 * nothing comes twice.
 *
 * @param pick what of the data is told
 * @param options.after goes on after this cursor; from now on where there is none
 * @param options.onGap told when the server no longer has what was missed: what is shown must be asked for anew
 * @returns ends it
 */
export function follow<Data, Variables extends { after?: string | null }, Event extends Told>(
  operation: Operation<Data, Variables>,
  pick: (data: Data) => Event,
  onEvent: (event: Event) => void,
  options: { variables?: Omit<Variables, 'after'>; after?: string | null; onGap?: () => void } = {},
): () => void {
  let cursor = options.after ?? null;
  let isOver = false;
  let end = (): void => undefined;
  const seen = new Set<string>();
  const begin = (): void => {
    if (isOver || !client) return;
    end = client.subscribe<Data>(
      {
        query: operation,
        // Read whenever it is sent: after a break, the last cursor.
        get variables() {
          return { ...options.variables, after: cursor };
        },
      },
      {
        next: ({ data, errors }) => {
          if (!data || errors?.length) return;
          const event = pick(data);
          if (seen.has(event.cursor)) return;
          remember(seen, event.cursor);
          cursor = event.cursor;
          onEvent(event);
        },
        error: (error) => {
          if (isOver || !Array.isArray(error)) return;
          const problem = problemOf(error);
          if (problem.code === 'CURSOR_EXPIRED') {
            cursor = String(problem.extensions.cursor);
            options.onGap?.();
          } else if (!problem.isPassing) return;
          void pause(LONGEST_PAUSE_MS / 2).then(begin);
        },
        complete: () => {
          if (!isOver) void pause(PAUSE_MS).then(begin);
        },
      },
    );
  };
  following.value += 1;
  begin();
  return () => {
    if (!isOver) following.value -= 1;
    isOver = true;
    end();
  };
}

/** Figures that come again and again; none of them is missed. */
export function watch<Data, Variables>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  onData: (data: Data) => void,
): () => void {
  let isOver = false;
  let end = (): void => undefined;
  const begin = (): void => {
    if (isOver || !client) return;
    const again = () => {
      if (!isOver) void pause(LONGEST_PAUSE_MS / 2).then(begin);
    };
    end = client.subscribe<Data>(
      { query: operation, variables: variables as Record<string, unknown> },
      { next: ({ data }) => data && onData(data), error: again, complete: again },
    );
  };
  following.value += 1;
  begin();
  return () => {
    if (!isOver) following.value -= 1;
    isOver = true;
    end();
  };
}

/** The last thousand cursors. */
function remember(seen: Set<string>, cursor: string): void {
  seen.add(cursor);
  const [oldest] = seen;
  if (seen.size > 1_000 && oldest !== undefined) seen.delete(oldest);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
