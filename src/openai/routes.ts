import type { Hall } from '../http/hall.ts';
import type { Handler, Route } from '../http/server.ts';
import { headersOf, present } from './errors.ts';
import type { OpenAiServices } from './request.ts';

/** Below these stands the door; people give either as the base of the addresses. */
const PREFIXES = ['/v1', '/models', '/chat/completions', '/embeddings', '/responses'];

/** The door for programs that speak the OpenAI protocol. Nothing behind it is loaded before somebody comes. */
export function openAiRoutes(parts: { services: OpenAiServices; hall: Hall }): Route[] {
  const handle: Handler = async (request, response, correlationId) => {
    // Clients show it to people who ask why something failed.
    response.setHeader('x-request-id', correlationId);
    const { serve } = await import('./endpoints.ts');
    await serve(parts, { request, response, correlationId });
  };
  return PREFIXES.map((prefix) => ({ door: 'openai', prefix, handle, present, headersOf }));
}
