import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { startMemoryServer } from './memory.ts';
import type { Work } from './work.ts';
import { RECORD, series } from './writing.ts';

const SUBSCRIBERS = 1_000;
/** A user has a hundred sockets at most. */
const SOCKETS = 50;
const WARM_ROUNDS = 2;
/** Of each round: more than one, since a round is short. */
const EVENTS = 5;
const PATIENCE_MS = 60_000;
const FOLLOW = 'subscription { interactionAdded { interaction { turnId query } } }';

/** One event to many who listen, all of one user. */
export const telling: Work = {
  letters: ['g'],
  title: `(g) one turn to ${SUBSCRIBERS.toLocaleString('en')} subscribers`,
  run: async function* (bench) {
    const memory = await startMemoryServer(bench);
    const url = `${memory.url().replace(/^http/, 'ws')}/graphql`;
    const clients = Array.from({ length: SOCKETS }, () => createClient({ url, webSocketImpl: WebSocket }));
    let [told, wanted] = [0, 0];
    let all: (() => void) | null = null;
    const failed: unknown[] = [];
    try {
      for (let number = 0; number < SUBSCRIBERS; number++) {
        const next = ({ errors }: { errors?: unknown }) => {
          if (errors) failed.push(errors);
          if (++told === wanted) all?.();
        };
        clients[number % SOCKETS]?.subscribe(
          { query: FOLLOW },
          { next, error: (error) => failed.push(error), complete: () => undefined },
        );
      }
      let sent = 0;
      const tell = async () => {
        told = 0;
        wanted = SUBSCRIBERS;
        const everybody = new Promise<void>((resolve, reject) => {
          all = resolve;
          setTimeout(
            () => reject(new Error(`${told} of ${wanted} were told: ${JSON.stringify(failed[0])}`)),
            PATIENCE_MS,
          ).unref();
        });
        const began = performance.now();
        const turns = [{ query: `turn ${++sent}`, response: 'Noted.' }];
        await memory.send(RECORD, { input: { conversationId: 'told', turns } });
        const stored = performance.now();
        await everybody;
        return { wholeMs: performance.now() - began, afterMs: performance.now() - stored };
      };
      await untilAllFollow(tell);
      const rounds: { wholeMs: number; cpuMs: number }[] = [];
      for (let round = -WARM_ROUNDS; round < bench.rounds; round++) {
        const cpu = memory.cpu();
        let wholeMs = 0;
        for (let event = 0; event < EVENTS; event++) wholeMs += (await tell()).wholeMs / EVENTS;
        if (round >= 0) rounds.push({ wholeMs, cpuMs: ((memory.cpu() - cpu) * 1_000) / EVENTS });
      }
      const title = `one recordTurns until ${SUBSCRIBERS.toLocaleString('en')} subscribers have its turn`;
      yield series(
        'g',
        title,
        'ms',
        rounds.map(({ wholeMs }) => wholeMs),
      );
      yield series(
        'g',
        `${title}: CPU of the server`,
        'ms',
        rounds.map(({ cpuMs }) => cpuMs),
      );
    } finally {
      await Promise.all(clients.map((each) => each.dispose()));
      await memory.stop();
    }
  },
};

/** A socket says when it is open, but not when what it subscribed to has begun: until then, some are not told. */
async function untilAllFollow(tell: () => Promise<unknown>): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  await tell();
}
