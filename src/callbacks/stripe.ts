import { type EventServices, takeEvent } from '../domains/payments/events.ts';
import { InvalidInput } from '../errors.ts';
import { HttpProblem, hasJsonBody, MethodNotAllowed, readText } from '../http/body.ts';
import type { Hall } from '../http/hall.ts';
import { type Route, sendJson } from '../http/server.ts';

const PREFIX = '/callbacks/stripe';
/** Bytes of one event. */
const MAX_EVENT_BYTES = 262_144;

/** Where Stripe tells what happened. Its signature is what it shows; it is answered before anything is done about it. */
export function stripeRoute({ services, hall }: { services: EventServices; hall: Hall }): Route {
  return {
    door: 'callbacks',
    prefix: PREFIX,
    handle: async (request, response) => {
      if (request.url?.split('?', 1)[0] !== PREFIX)
        throw new HttpProblem(404, 'NOT_FOUND', 'there is nothing at this path');
      if (request.method !== 'POST') throw new MethodNotAllowed('POST');
      if (!hasJsonBody(request))
        throw new HttpProblem(
          415,
          'UNSUPPORTED_MEDIA_TYPE',
          'content-type: only application/json is accepted',
        );
      const signature = request.headers['stripe-signature'];
      if (typeof signature !== 'string') {
        hall.refused(request, PREFIX, 'UNAUTHENTICATED');
        throw new HttpProblem(400, 'BAD_SIGNATURE', 'stripe-signature: must be there');
      }
      const raw = await readText(request, MAX_EVENT_BYTES);
      try {
        sendJson(response, 200, { received: true, isNew: await takeEvent(services, raw, signature) });
      } catch (error) {
        if (!(error instanceof InvalidInput)) throw error;
        hall.refused(request, PREFIX, 'UNAUTHENTICATED');
        throw new HttpProblem(400, 'BAD_EVENT', error.message);
      }
    },
  };
}
