import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { type JSONRPCMessage, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import type { Logger } from '../log.ts';

/** A server that a bridge leads to. */
export interface Reached {
  readonly url: string;
  close(): Promise<void>;
}

export interface BridgeOptions {
  /** Finds a server, or starts one. */
  readonly reach: () => Promise<Reached>;
  /** Sent to the server; null sends none. */
  readonly apiKey: string | null;
  readonly log: Logger;
}

type Id = string | number;
const INTERNAL_ERROR = -32_603;
/** Milliseconds that answers under way get when the host leaves. */
const FINISH_MS = 10_000;
const LOOK_MS = 20;

/**
 * Serves a host over standard input and output from a server over HTTP: each message is passed on as it is, so that both transports
 * are the same server. Ends when the host closes the input.
 */
export async function bridge(options: BridgeOptions): Promise<void> {
  // The transport answers nothing any more once its input ends; a host may say all that it has to, and then listen.
  const input = new PassThrough();
  const host = new StdioServerTransport(input);
  const ended = new Promise<void>((resolve) => {
    host.onclose = resolve;
    process.stdin.once('end', resolve).once('error', () => resolve());
  });
  const passage = new Passage(options, (message) =>
    host
      .send(message)
      .catch((error: unknown) => options.log.debug({ err: error }, 'the host does not listen')),
  );
  host.onmessage = (message) => void passage.take(message);
  host.onerror = (error) => options.log.warn({ err: error }, 'a message of the host could not be read');
  await host.start();
  process.stdin.pipe(input, { end: false });
  await Promise.race([ended, stopped()]);
  // What came last has been read by then.
  await turn();
  await passage.close();
  await host.close();
}

function stopped(): Promise<unknown> {
  return new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
}

/** What leads to the server, and which requests wait for it. */
class Passage {
  readonly #options: BridgeOptions;
  readonly #answer: (message: JSONRPCMessage) => Promise<void>;
  /** By the id of each request that has no answer yet. */
  readonly #waiting = new Map<Id, AbortController>();
  #reached: Promise<Reached>;
  #transport: Promise<StreamableHTTPClientTransport>;
  /** What a handshake agreed on. */
  #version: string | null = null;

  constructor(options: BridgeOptions, answer: (message: JSONRPCMessage) => Promise<void>) {
    this.#options = options;
    this.#answer = answer;
    this.#reached = options.reach();
    this.#transport = this.#open();
    this.#transport.catch(() => undefined);
  }

  /** Passes a message on; whatever becomes of it, a request is answered. */
  async take(message: JSONRPCMessage): Promise<void> {
    const id = 'method' in message && 'id' in message ? message.id : null;
    if ('method' in message && message.method === 'notifications/cancelled') this.#cancel(message);
    const controller = new AbortController();
    if (id !== null) this.#waiting.set(id, controller);
    try {
      await this.#send(message, controller.signal);
    } catch (error) {
      if (id !== null && this.#waiting.has(id)) await this.#fail(id, error);
      else if (!controller.signal.aborted) this.#options.log.warn({ err: error }, 'a message was not taken');
    }
  }

  /** Waits for what is under way, within a bound. */
  async close(): Promise<void> {
    const deadline = Date.now() + FINISH_MS;
    while (this.#waiting.size > 0 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    await this.#transport.then(
      (transport) => transport.close(),
      () => undefined,
    );
    const reached = await this.#reached.catch(() => null);
    await reached?.close();
  }

  async #send(message: JSONRPCMessage, requestSignal: AbortSignal): Promise<void> {
    const onRequestStreamEnd = () => {
      if ('id' in message && message.id !== undefined && this.#waiting.has(message.id))
        void this.#fail(
          message.id,
          new Error('the server ended its answer early; it may have done what was asked'),
        );
    };
    try {
      await (await this.#transport).send(message, { requestSignal, onRequestStreamEnd });
    } catch (error) {
      if (!isRefusedConnection(error)) throw error;
      // Nobody listens any more, so nothing was taken: another server may be there, or is started.
      this.#reached = this.#options.reach();
      this.#transport = this.#open();
      await (await this.#transport).send(message, { requestSignal, onRequestStreamEnd });
    }
  }

  async #open(): Promise<StreamableHTTPClientTransport> {
    const { url } = await this.#reached;
    const { apiKey, log } = this.#options;
    const headers: Record<string, string> = apiKey === null ? {} : { 'x-api-key': apiKey };
    const transport = new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit: { headers } });
    if (this.#version) transport.setProtocolVersion(this.#version);
    transport.onmessage = (message) => void this.#take(transport, message);
    transport.onerror = (error) => log.debug({ err: error }, 'the server did not take a message');
    await transport.start();
    return transport;
  }

  async #take(transport: StreamableHTTPClientTransport, message: JSONRPCMessage): Promise<void> {
    if (!('method' in message) && message.id !== undefined) {
      // Whoever cancelled it hears nothing more.
      if (!this.#waiting.delete(message.id)) return;
      // The answer to a handshake; later messages name the revision.
      const version = 'result' in message ? message.result.protocolVersion : undefined;
      if (typeof version === 'string') {
        this.#version = version;
        transport.setProtocolVersion(version);
      }
    }
    await this.#answer(message);
  }

  #cancel({ params }: { params?: Record<string, unknown> | undefined }): void {
    const id = params?.requestId as Id;
    this.#waiting.get(id)?.abort();
    this.#waiting.delete(id);
  }

  async #fail(id: Id, error: unknown): Promise<void> {
    this.#waiting.delete(id);
    await this.#answer({ jsonrpc: '2.0', id, error: errorOf(error) });
  }
}

/** What the server said, where it refused the whole message; else what went wrong on the way. */
function errorOf(error: unknown): { code: number; message: string; data?: unknown } {
  const { data, message } = error as Error & { data?: { text?: string } };
  try {
    const body = JSON.parse(data?.text ?? '') as {
      error?: { code: number; message: string; data?: { code?: string } };
    };
    if (body.error?.data?.code === 'UNAUTHENTICATED')
      return { ...body.error, message: `${body.error.message}; hosts give it as ECHO_API_KEY in "env"` };
    if (body.error) return body.error;
  } catch {
    // It said nothing in the words of the protocol.
  }
  const { cause } = error as { cause?: { code?: string } };
  const reason = cause?.code === undefined ? message : `${message} (${cause.code})`;
  return {
    code: INTERNAL_ERROR,
    message: `no answer came from the server, which may have done what was asked: ${reason}`,
  };
}

function isRefusedConnection(error: unknown): boolean {
  const { cause } = error as { cause?: { code?: string } };
  return cause?.code === 'ECONNREFUSED';
}
