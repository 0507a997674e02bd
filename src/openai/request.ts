import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '../access/principals.ts';
import type { QueryServices } from '../domains/query/query.ts';
import type { Embedder } from '../models/embedder.ts';

/** What this door needs of the server. */
export type OpenAiServices = QueryServices & {
  readonly embedder: Embedder;
  readonly config: { readonly openWebUiSecret: string | null };
};

/** One request to it. Whoever handles it answers it. */
export interface OpenAiRequest {
  readonly services: OpenAiServices;
  readonly principal: Principal;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Names the request in logs and errors. */
  readonly correlationId: string;
  /** The variable part of the path, decoded; empty where there is none. */
  readonly parameter: string;
}

/** The name under which the server itself chooses a model, or answers where none is configured. */
export const OWN_MODEL = 'echo-brain';

/** Bytes of a request: clients send the whole conversation, and pictures, with each one. */
export const MAX_BYTES = 16_777_216;
