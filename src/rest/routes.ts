import { OpenStreams } from '../access/open-streams.ts';
import type { Hall } from '../http/hall.ts';
import { type Handler, type Route, sendJson } from '../http/server.ts';
import { present } from './failure.ts';
import type { Caller, RestServices, Tools } from './request.ts';

/** Everything of the older service, and what documents it. */
const PREFIXES = ['/api/echo', '/query', '/history', '/feedback', '/cleanup', '/health'];

/**
 * The door for programs that were written for the older REST service: the same verbs, its own words. Its rows are
 * loaded by the first request: a server whose clients speak GraphQL never pays for them.
 */
export function restRoutes({ services, hall, toolsFor, isShown }: RestDoor): Route[] {
  const open = new OpenStreams();
  const handle: Handler = async (request, response, correlationId) => {
    const { answerRow } = await import('./answer.ts');
    await answerRow({ services, hall, toolsFor, open, request, response, correlationId });
  };
  const document: Handler = async (request, response, correlationId) => {
    const { readDocument } = await import('./document.ts');
    const errand = { action: '/openapi.json', correlationId, needs: 'READ', cost: READ_DOCUMENT } as const;
    sendJson(response, 200, await hall.receive(request, errand, async () => readDocument()));
  };
  const page: Handler = async (request, response, correlationId) => {
    const { sendPage } = await import('./page.ts');
    const errand = { action: '/docs', correlationId, needs: 'READ', cost: READ_DOCUMENT } as const;
    // A browser shows no key: as with GraphiQL, who may look around without one may read this, too.
    if (!isShown) await hall.receive(request, errand, async () => undefined);
    sendPage(response);
  };
  return [
    ...PREFIXES.map((prefix) => ({ door: 'rest', prefix, handle, present })),
    { door: 'rest', prefix: '/openapi.json', handle: document, present },
    { door: 'rest', prefix: '/docs', handle: page, present },
  ];
}

const READ_DOCUMENT = { rate: 'READ', points: 10 } as const;

interface RestDoor {
  readonly services: RestServices;
  readonly hall: Hall;
  readonly toolsFor: (caller: Caller) => Tools;
  /** Whether the page that documents it is for everybody who reaches the server. */
  readonly isShown: boolean;
}
