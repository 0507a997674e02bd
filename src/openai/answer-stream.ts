import type { ServerResponse } from 'node:http';
import type { ToolCallPiece } from '../models/language-model.ts';

/** How an answer is written as events, in one of the forms of the protocol. */
export interface EventForm {
  begin(): string;
  text(piece: string): string;
  refusal(words: string): string;
  call(piece: ToolCallPiece): string;
}

/** Milliseconds of silence after which a line is sent that means nothing, so that nobody between takes us for dead. */
const PING_MS = 15_000;
/** A client that takes nothing for so long is given up; its turn is stored all the same. */
const STALLED_MS = 60_000;

/**
 * An answer as it is written, in server-sent events. Nothing is sent before the first piece or ping, so that a failure
 * until then has a status of its own. What a slow client does not take is gathered, and sent as one piece.
 */
export class AnswerStream {
  readonly #response: ServerResponse;
  readonly #form: EventForm;
  readonly #ping: NodeJS.Timeout;
  #waiting = '';
  #isEmpty = true;

  constructor(response: ServerResponse, form: EventForm) {
    this.#response = response;
    this.#form = form;
    this.#ping = setInterval(() => this.#write(() => ': ping\n\n'), PING_MS);
    response.on('drain', () => this.#flush());
    response.once('close', () => clearInterval(this.#ping));
  }

  /** Whether the client has anything of it. */
  get hasBegun(): boolean {
    return this.#response.headersSent;
  }

  /** Whether nothing of an answer was given yet. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  text(piece: string): void {
    this.#isEmpty = false;
    this.#waiting += piece;
    if (!this.#response.writableNeedDrain) this.#flush();
  }

  /** The words of a model that would not answer. */
  refusal(words: string): void {
    this.#isEmpty = false;
    this.#flush();
    this.#write(() => this.#form.refusal(words));
  }

  call(piece: ToolCallPiece): void {
    this.#isEmpty = false;
    this.#flush();
    this.#write(() => this.#form.call(piece));
  }

  /** Nothing follows but these events. @param events makes them when all before is written */
  end(events: () => string): void {
    clearInterval(this.#ping);
    this.#flush();
    this.#write(events);
    this.#response.end();
  }

  /** Nothing was sent, and somebody else answers. */
  leave(): void {
    clearInterval(this.#ping);
  }

  #flush(): void {
    if (this.#waiting === '') return;
    const text = this.#waiting;
    this.#waiting = '';
    this.#write(() => this.#form.text(text));
  }

  /** Forms number their events: each is made when those before it are. */
  #write(events: () => string): void {
    const response = this.#response;
    if (response.destroyed || response.writableEnded) return;
    if (!response.headersSent) {
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
      });
      response.setTimeout(STALLED_MS, () => response.destroy());
      response.write(this.#form.begin());
    }
    this.#ping.refresh();
    response.write(events());
  }
}

/** One event of a stream. @param name of its kind, where the form has such names */
export function eventOf(data: unknown, name?: string): string {
  return `${name ? `event: ${name}\n` : ''}data: ${JSON.stringify(data)}\n\n`;
}
