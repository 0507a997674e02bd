import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { AckedTurn, Door } from './ledger.ts';

/** What an attempt came to. Only `acknowledged` promises anything; `unknown` may be stored or not. */
export type Outcome =
  | {
      readonly kind: 'acknowledged';
      readonly durability: string | null;
      readonly turns: readonly AckedTurn[];
      readonly milliseconds: number;
    }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/** A request in the words of its door. */
export interface Wire {
  readonly door: Door;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const REQUEST_LIMIT_MS = 40_000;
const LOOK_MS = 15;
/** So often a request is tried although nobody listens. */
const REFUSAL_MS = 1_000;
/** Answers that mean: not this, and not later either. */
const FINAL_CODES = new Set([
  'IDEMPOTENCY_KEY_REUSED',
  'BAD_USER_INPUT',
  'VALIDATION_ERROR',
  'NOT_FOUND',
  'FORBIDDEN',
  'GRAPHQL_VALIDATION_FAILED',
  'GRAPHQL_PARSE_FAILED',
  'PAYLOAD_TOO_LARGE',
  'BAD_REQUEST',
  'UNAUTHENTICATED',
]);
/** A turn that is only accepted, not finished: the request must be made again. */
const UNFINISHED = new Set(['PROCESSING', 'INTERRUPTED']);

const RECORD = `mutation Record($input: RecordTurnsInput!) { result: recordTurns(input: $input) {
  ... on RecordTurnsSuccess { durability interactions { turnId sequence response status } }
  ... on Error { code message } } }`;
const QUERY = `mutation Ask($input: ProcessQueryInput!) { result: processQuery(input: $input) {
  ... on ProcessQuerySuccess { durability interaction { turnId sequence response status } }
  ... on Error { code message } } }`;

/** Puts a request into the words of its door. */
export function wireOf(door: Door, input: Readonly<Record<string, unknown>>): Wire {
  const headers = { 'content-type': 'application/json' };
  if (door !== 'rest') {
    const query = door === 'recordTurns' ? RECORD : QUERY;
    return { door, path: '/graphql', headers, body: JSON.stringify({ query, variables: { input } }) };
  }
  const { idempotencyKey } = input;
  return {
    door,
    path: '/api/echo/query',
    headers: { ...headers, ...(typeof idempotencyKey === 'string' && { 'idempotency-key': idempotencyKey }) },
    body: JSON.stringify({
      query: input.query,
      user_id: input.userId,
      conversation_id: input.conversationId,
    }),
  };
}

export interface Sender {
  /** One attempt; never throws. */
  attempt(wire: Wire): Promise<Outcome>;
}

/** Sends requests to the server under test. */
export class TurnClient implements Sender {
  readonly #port: number;
  readonly #limitMs: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 128 });

  constructor(port: number, limitMs = REQUEST_LIMIT_MS) {
    this.#port = port;
    this.#limitMs = limitMs;
  }

  async attempt(wire: Wire): Promise<Outcome> {
    const started = performance.now();
    try {
      const { status, text } = await this.#post(wire);
      return outcomeOf(wire.door, status, JSON.parse(text) as unknown, performance.now() - started);
    } catch (error) {
      return { kind: 'unknown', reason: codeOf(error) };
    }
  }

  /** The fields of a type, to know what this server can tell. @throws if it does not answer */
  async fieldsOf(type: string): Promise<string[]> {
    const body = JSON.stringify({ query: `{ __type(name: "${type}") { fields { name } } }` });
    const headers = { 'content-type': 'application/json' };
    const { text } = await this.#post({ door: 'recordTurns', path: '/graphql', headers, body });
    const answer = JSON.parse(text) as { data: { __type: { fields: { name: string }[] } | null } };
    return answer.data.__type?.fields.map(({ name }) => name) ?? [];
  }

  close(): void {
    this.#agent.destroy();
  }

  #post(wire: Wire): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const req = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          path: wire.path,
          method: 'POST',
          agent: this.#agent,
          headers: { ...wire.headers, 'content-length': Buffer.byteLength(wire.body) },
          timeout: this.#limitMs,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            if (response.complete)
              resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
            else reject(new Error('the response was cut'));
          });
        },
      );
      req.on('timeout', () => req.destroy(new Error('no response in time')));
      req.on('error', reject);
      req.end(wire.body);
    });
  }
}

/**
 * Waits after a refused connection until somebody listens again: a request that is refused tells nothing and costs more than a look,
 * and all who wait look together.
 */
export class WaitingClient implements Sender {
  readonly #client: Sender;
  readonly #port: number;
  #listening: Promise<void> | null = null;

  constructor(client: Sender, port: number) {
    this.#client = client;
    this.#port = port;
  }

  async attempt(wire: Wire): Promise<Outcome> {
    const outcome = await this.#client.attempt(wire);
    if (outcome.kind === 'unknown' && outcome.reason === 'ECONNREFUSED') {
      this.#listening ??= this.#untilListening().finally(() => {
        this.#listening = null;
      });
      await this.#listening;
    }
    return outcome;
  }

  async #untilListening(): Promise<void> {
    for (const start = performance.now(); performance.now() - start < REFUSAL_MS; await delay(LOOK_MS))
      if (await listensAt(this.#port)) return;
  }
}

/** Whether somebody takes connections at a port of this machine. */
function listensAt(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Stays with one of several servers until that does not answer, and goes on to the next one, as behind a load balancer. */
export class RoamingClient implements Sender {
  readonly #clients: readonly TurnClient[];
  #at: number;

  constructor(clients: readonly TurnClient[], first: number) {
    this.#clients = clients;
    this.#at = first % clients.length;
  }

  async attempt(wire: Wire): Promise<Outcome> {
    const at = this.#at;
    const outcome = (await this.#clients[at]?.attempt(wire)) ?? { kind: 'unknown', reason: 'no server' };
    if (outcome.kind === 'unknown' && this.#at === at) this.#at = (at + 1) % this.#clients.length;
    return outcome;
  }
}

interface GraphqlAnswer {
  data?: {
    result?: {
      durability?: string;
      code?: string;
      message?: string;
      interactions?: Shown[];
      interaction?: Shown;
    } | null;
  } | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

interface Shown {
  turnId: string;
  sequence: number | null;
  response: string | null;
  status: string;
}

function outcomeOf(door: Door, status: number, answer: unknown, milliseconds: number): Outcome {
  if (door === 'rest') return restOutcome(status, answer as Record<string, unknown>, milliseconds);
  const { data, errors } = answer as GraphqlAnswer;
  const result = data?.result;
  const code = result?.code ?? errors?.[0]?.extensions?.code;
  if (code) return failure(code, result?.message ?? errors?.[0]?.message ?? '');
  const shown = result?.interactions ?? (result?.interaction ? [result.interaction] : []);
  if (!result || shown.length === 0)
    return { kind: 'unknown', reason: `an answer without turns (HTTP ${status})` };
  const unfinished = shown.find((turn) => UNFINISHED.has(turn.status));
  if (unfinished) return { kind: 'unknown', reason: unfinished.status };
  // A turn that is only journaled has no place yet.
  const turns = shown.map(({ turnId, sequence, response }) => ({
    turnId,
    sequence: sequence || null,
    response: response ?? '',
  }));
  return { kind: 'acknowledged', durability: result.durability ?? null, turns, milliseconds };
}

function restOutcome(status: number, answer: Record<string, unknown>, milliseconds: number): Outcome {
  if (status !== 200) return failure(String(answer.error_code ?? status), String(answer.detail ?? ''));
  const turns = [{ turnId: String(answer.turn_id), sequence: null, response: String(answer.response) }];
  return { kind: 'acknowledged', durability: null, turns, milliseconds };
}

function failure(code: string, message: string): Outcome {
  return FINAL_CODES.has(code) ? { kind: 'refused', code, message } : { kind: 'unknown', reason: code };
}

function codeOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return code ?? message ?? String(error);
}
