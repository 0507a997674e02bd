import { storableText } from '../texts.ts';
import type { ToolCall } from './language-model.ts';
import type { OutputReader } from './model-output.ts';

/** Calls of one answer that are taken. */
const MAX_CALLS = 128;
const MAX_NAME = 256;

interface Growing {
  id: string;
  name: string;
  arguments: string;
}

/**
 * What one answer wants to have called, piece by piece, as servers write it: by an index, by an id, or all at once;
 * arguments as text, or as the object itself.
 */
export class ToolCalls {
  readonly #reader: OutputReader;
  readonly #maxCharacters: number;
  readonly #calls: Growing[] = [];
  #characters = 0;

  constructor(options: { maxCharacters: number; reader: OutputReader }) {
    this.#reader = options.reader;
    this.#maxCharacters = options.maxCharacters;
  }

  /** Whether the reader has any. */
  get isShown(): boolean {
    return this.#calls.length > 0;
  }

  get isFull(): boolean {
    return this.#characters >= this.#maxCharacters;
  }

  /** Those that have a name, which is what something can be called by. */
  get whole(): readonly ToolCall[] {
    return this.#calls.filter(({ name }) => name !== '').map((call) => ({ ...call }));
  }

  /** @param said a list of pieces, of any form */
  push(said: readonly unknown[]): void {
    for (const piece of said) if (isObject(piece)) this.#add(piece);
  }

  #add(piece: Readonly<Record<string, unknown>>): void {
    const called = isObject(piece.function) ? piece.function : {};
    const id = textOf(piece.id).slice(0, MAX_NAME);
    const index = this.#indexOf(piece.index, id, textOf(called.name));
    if (index >= MAX_CALLS || index > this.#calls.length) return;
    const isFirst = index === this.#calls.length;
    const call = this.#calls[index] ?? { id: id || `call_${index}`, name: '', arguments: '' };
    this.#calls[index] = call;
    const name = call.name === '' ? textOf(called.name).slice(0, MAX_NAME) : '';
    const more = textOf(called.arguments).slice(0, this.#maxCharacters - this.#characters);
    call.name += name;
    call.arguments += more;
    this.#characters += more.length;
    if (!isFirst && name === '' && more === '') return;
    this.#reader.onToolCall?.({
      index,
      ...(isFirst && { id: call.id }),
      ...(name !== '' && { name }),
      ...((more !== '' || isFirst) && { arguments: more }),
    });
  }

  /** Where no index is given, an id or a name that is new begins another call. */
  #indexOf(given: unknown, id: string, name: string): number {
    if (typeof given === 'number' && Number.isInteger(given) && given >= 0) return given;
    const known = id === '' ? -1 : this.#calls.findIndex((call) => call.id === id);
    if (known >= 0) return known;
    return id !== '' || name !== '' ? this.#calls.length : Math.max(0, this.#calls.length - 1);
  }
}

/** Text as it is; an object as JSON, since some servers send arguments so. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return storableText(value);
  return isObject(value) ? storableText(JSON.stringify(value)) : '';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
