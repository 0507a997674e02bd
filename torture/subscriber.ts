import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Seen } from './checks.ts';
import type { Finding } from './findings.ts';
import type { Random } from './random.ts';

const SUBSCRIPTION = `subscription Added($after: ID) { interactionAdded(after: $after) {
  cursor interaction { turnId conversationId sequence } } }`;
const OPEN_LIMIT_MS = 5_000;
const RETRY_MS = 30;
/** Where nobody listened. */
const AWAY_MS = 150;

export interface SubscriberOptions {
  readonly name: string;
  /** Of all servers; after each connection that ends it goes on at the next one. */
  readonly ports: readonly number[];
  readonly random: Random;
  /** Cuts its own connection again and again. */
  readonly restless: boolean;
  readonly report: (finding: Finding) => void;
}

interface Added {
  cursor: string;
  interaction: { turnId: string; conversationId: string; sequence: number };
}

interface Message {
  type: string;
  payload?: unknown;
}

/** Follows `interactionAdded` for the whole run and resumes after its last cursor whenever it is cut. */
export class Subscriber implements Seen {
  readonly name: string;
  readonly counts = new Map<string, number>();
  /** Connections that ended, by us or by the server. */
  cuts = 0;
  /** Events of a conversation that came after one with a higher sequence: told, not judged. */
  inversions = 0;
  /** Events whose turn was shown without its place in the conversation: told, not judged. */
  unnumbered = 0;
  /** How connections ended, by reason: ours, the code of the server, or an error that it told. */
  readonly ends = new Map<string, number>();
  readonly #options: SubscriberOptions;
  readonly #places = new Map<string, number>();
  #after: string | null = null;
  #socket: WebSocket | null = null;
  #stopped = false;
  #connections = 0;
  #lastMessageAt = performance.now();

  constructor(options: SubscriberOptions) {
    this.#options = options;
    this.name = options.name;
  }

  /** Whether it has a place from which it can resume: from then on it must miss nothing. */
  get hasCursor(): boolean {
    return this.#after !== null;
  }

  /** Milliseconds since it last heard of a turn. */
  get silentForMs(): number {
    return performance.now() - this.#lastMessageAt;
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      const connected = await this.#listen();
      if (connected) this.cuts++;
      await delay(connected ? RETRY_MS : AWAY_MS);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#socket?.terminate();
  }

  /** One connection, until it ends. @returns whether there was one */
  #listen(): Promise<boolean> {
    const { ports, restless, random } = this.#options;
    const port = ports[this.#connections++ % ports.length];
    const endurance = restless ? random.integer(1, 400) : Infinity;
    let events = 0;
    let subscribed = false;
    return new Promise((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', {
        handshakeTimeout: OPEN_LIMIT_MS,
      });
      this.#socket = socket;
      const send = (message: object) => socket.send(JSON.stringify(message));
      socket.on('open', () => send({ type: 'connection_init' }));
      socket.on('message', (data) => {
        const message = JSON.parse(String(data)) as Message;
        if (message.type === 'connection_ack') {
          subscribed = true;
          send({
            id: '1',
            type: 'subscribe',
            payload: { query: SUBSCRIPTION, variables: { after: this.#after } },
          });
        }
        if (message.type === 'ping') send({ type: 'pong' });
        if (message.type === 'next') this.#take(message.payload);
        if (message.type === 'error' || message.type === 'complete') {
          this.#noteEnd(`${message.type}: ${messagesOf(message.payload)} (after ${this.#after})`);
          socket.terminate();
        }
        if (message.type === 'next' && ++events > endurance) socket.terminate();
      });
      // Every error is followed by the close, after which we come back.
      socket.on('error', () => socket.terminate());
      socket.on('close', (code) => {
        if (subscribed) this.#noteEnd(`closed ${code}`);
        resolve(subscribed);
      });
    });
  }

  #noteEnd(reason: string): void {
    this.ends.set(reason, (this.ends.get(reason) ?? 0) + 1);
  }

  #take(payload: unknown): void {
    const { data } = payload as { data?: { interactionAdded?: Added | null } | null };
    const added = data?.interactionAdded;
    if (!added) {
      const { errors } = payload as { errors?: unknown };
      this.#noteEnd(`no event: ${messagesOf(errors)}`);
      this.#socket?.terminate();
      return;
    }
    // After we cut it ourselves, what is still in the buffers does not count: the cursor was not advanced either.
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    const { turnId, conversationId, sequence } = added.interaction;
    this.#after = added.cursor;
    this.#lastMessageAt = performance.now();
    this.counts.set(turnId, (this.counts.get(turnId) ?? 0) + 1);
    if (sequence < 1) {
      this.unnumbered++;
      return;
    }
    if (sequence < (this.#places.get(conversationId) ?? 0)) this.inversions++;
    this.#places.set(conversationId, sequence);
  }
}

function messagesOf(errors: unknown): string {
  return Array.isArray(errors)
    ? errors.map(({ message }: { message: string }) => message).join('; ')
    : 'no error';
}
