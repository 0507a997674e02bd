import type { Plugin } from 'graphql-yoga';
import type { RateLimits } from '../access/limits.ts';
import { complexityOf } from './complexity.ts';
import { type Batch, type Context, createLoader } from './context.ts';
import { EventLoads } from './event-loads.ts';
import { EventTurns } from './event-turns.ts';

/**
 * Subscriptions on every transport: what an event loads is loaded once for all who may see it, events are shown a few
 * at a time, and they cost their subscribers what they cost the server: the first of a user's as much reading as the
 * same query would, the others one point each.
 */
export function pacedEvents(limits: RateLimits): Plugin<Context> {
  const loads = new EventLoads();
  const turns = new EventTurns();
  return {
    onSubscribe({ args }) {
      const context = args.contextValue as Context;
      const { principal } = context;
      const points = complexityOf(args).points ?? 1;
      const user = JSON.stringify([principal.tenantId, principal.userId]);
      // Whatever is not one of many subscribers' events is loaded anew each time, because subscriptions live long.
      let load = createLoader(false);
      const paced: Partial<Context> = {
        loader: <Key, Value>(batch: Batch<Key, Value>) => load(batch),
        pace: async (event, signal) => {
          const leave = await turns.take(user);
          const { loader, isFirst } = loads.of(principal, event);
          load = loader;
          await limits.waitForEvent(principal, isFirst ? points : 1, signal);
          return leave;
        },
      };
      Object.assign(context, paced);
    },
  };
}
