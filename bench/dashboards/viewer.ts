import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import {
  ActiveAlerts,
  ActivityTold,
  AlertTold,
  Figures,
  MetricsOverTime,
  MetricsRead,
  RecentActivity,
  RecentMetrics,
  RecentTurns,
  Standing,
  TurnAdded,
} from '../../dashboard/operations.ts';
import type { Operation } from '../../dashboard/server/operation.ts';

export interface ViewerOptions {
  readonly url: string;
  readonly token: string;
  /** From which address of this machine it comes. */
  readonly localAddress: string;
}

/** What one dashboard got. */
export interface Seen {
  /** How often each turn came. */
  readonly turns: Map<string, number>;
  /** How many other events came, by what tells them. */
  readonly events: Record<'metrics' | 'alerts' | 'activity', number>;
  /** Milliseconds from when a turn was stored, by its own word, to when it came. */
  readonly delays: number[];
  /** Milliseconds of each question. */
  readonly answers: number[];
  readonly problems: string[];
}

/** As the page asks (`dashboard/server/standing.ts`, `dashboard/pages/now`). */
const STANDING_MS = 1_500;
const FIGURES_MS = 2_000;
const HISTORY_MS = 60_000;
const FIRST = 100;

/** Opens the page Now as a browser has it open: with its subscriptions, and with all that it asks again and again. */
export function openViewer(options: ViewerOptions): {
  seen: Seen;
  ready: Promise<void>;
  close: () => Promise<void>;
} {
  const seen: Seen = {
    turns: new Map(),
    events: { metrics: 0, alerts: 0, activity: 0 },
    ...{ delays: [], answers: [], problems: [] },
  };
  const leaving = new AbortController();
  const client = clientOf(options);
  const told = Promise.withResolvers<void>();
  const follow = <Data>(operation: Operation<Data, never>, variables: object, onData: (data: Data) => void) =>
    client.subscribe<Data>(
      { query: operation, variables: variables as Record<string, unknown> },
      {
        next: ({ data, errors }) => (data ? onData(data) : void seen.problems.push(JSON.stringify(errors))),
        error: (error) => void seen.problems.push(JSON.stringify(error)),
        complete: () => undefined,
      },
    );
  follow(TurnAdded, {}, ({ interactionAdded: { interaction } }) => {
    seen.turns.set(interaction.turnId, (seen.turns.get(interaction.turnId) ?? 0) + 1);
    seen.delays.push(Date.now() - new Date(interaction.timestamp).getTime());
  });
  follow(ActivityTold, {}, () => void seen.events.activity++);
  follow(AlertTold, {}, () => void seen.events.alerts++);
  follow(MetricsRead, { intervalMs: 1_000 }, () => {
    seen.events.metrics++;
    // What is subscribed to later is not told before.
    told.resolve();
  });
  const ask = asker(options, seen, leaving.signal);
  const asked = Promise.all([
    ask(RecentTurns, { first: FIRST }),
    ask(RecentActivity, { first: FIRST }),
    ask(RecentMetrics, { since: new Date(Date.now() - 890_000).toISOString() }),
  ]);
  const since = new Date(Date.now() - 86_400_000).toISOString();
  const rounds = [
    round(STANDING_MS, () => Promise.all([ask(ActiveAlerts, {}), ask(Standing, {})]), leaving.signal),
    round(FIGURES_MS, () => ask(Figures, {}), leaving.signal),
    round(HISTORY_MS, () => ask(MetricsOverTime, { since, step: 300 }), leaving.signal),
  ];
  return {
    seen,
    ready: Promise.all([told.promise, asked]).then(() => undefined),
    close: async () => {
      leaving.abort();
      await client.dispose();
      await Promise.all(rounds);
    },
  };
}

function clientOf({ url, token, localAddress }: ViewerOptions) {
  class OwnSocket extends WebSocket {
    constructor(address: string, protocols: string[]) {
      super(address, protocols, { localAddress });
    }
  }
  return createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: OwnSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    keepAlive: 10_000,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
  });
}

function asker({ url, token }: ViewerOptions, seen: Seen, signal: AbortSignal) {
  return async <Data, Variables>(query: Operation<Data, Variables>, variables: Variables): Promise<void> => {
    const began = performance.now();
    try {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query, variables }),
        signal,
      });
      const { errors } = (await response.json()) as { errors?: unknown };
      if (errors) seen.problems.push(JSON.stringify(errors));
      seen.answers.push(performance.now() - began);
    } catch (error) {
      if (!signal.aborted) seen.problems.push(String(error));
    }
  };
}

/** Asks, and asks again so long after the answer. */
async function round(everyMs: number, work: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await work();
    await delay(everyMs, undefined, { signal }).catch(() => undefined);
  }
}
