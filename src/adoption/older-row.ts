import { readInstant } from '../ground/instants.ts';
import { beginningOf, storableJson, storableText } from '../texts.ts';

/** A value that could not be taken as it was. */
export interface Change {
  readonly table: string;
  /** Of its row, as the older database has it. */
  readonly id: string;
  readonly column: string;
  readonly was: unknown;
  readonly is: unknown;
  readonly why: string;
}

export type Tell = (change: Change) => void;

/** A row as `row_to_json` writes it. */
export type RawRow = Readonly<Record<string, unknown>>;

/**
 * A row of an older database, whose columns may be missing, null, of another type or out of bounds. Each value that
 * cannot be taken as it was is told, and kept as it was in `originals`, so that nothing is lost.
 */
export class OlderRow {
  /** What was changed or has no column of ours, by column, as it was. */
  readonly originals: Record<string, unknown> = {};
  readonly id: string;
  readonly #table: string;
  readonly #row: RawRow;
  readonly #tell: Tell;
  readonly #used = new Set<string>();

  /** @param place names the row where it has no id */
  constructor(table: string, row: RawRow, place: string, tell: Tell) {
    this.#table = table;
    this.#row = row;
    this.#tell = tell;
    const { id } = row;
    this.#used.add('id');
    this.id = id === null || id === undefined ? place : String(id);
  }

  /** A value that nothing is asked of. */
  raw(column: string): unknown {
    this.#used.add(column);
    return this.#row[column] ?? null;
  }

  /** @param maximum code points */
  text(column: string, maximum: number): string | null {
    const value = this.raw(column);
    if (value === null) return null;
    const written = typeof value === 'string' ? value : JSON.stringify(value);
    const storable = storableText(written);
    if (storable !== written) this.#changed(column, value, storable, 'holds what no text can hold');
    const cut = beginningOf(storable, maximum);
    if (cut !== storable) this.#changed(column, value, cut, `has more than ${maximum} characters`);
    return cut;
  }

  /** Text that must say something. */
  required(column: string, maximum: number, otherwise: string): string {
    const value = this.text(column, maximum);
    if (value !== null && value !== '') return value;
    return this.#changed(column, value, otherwise, value === null ? 'is absent' : 'is empty');
  }

  /** A finite number, or null. */
  number(column: string, minimum: number, maximum: number): number | null {
    const value = this.raw(column);
    if (value === null || value === '') return null;
    const number = typeof value === 'number' ? value : Number(value);
    if (!Number.isFinite(number)) return this.#changed(column, value, null, 'is no finite number');
    if (number < minimum || number > maximum)
      return this.#changed(column, value, null, `is not from ${minimum} to ${maximum}`);
    return number;
  }

  /** A whole number, or null. */
  whole(column: string, minimum: number, maximum: number): number | null {
    const number = this.number(column, minimum, maximum);
    if (number === null || Number.isInteger(number)) return number;
    return this.#changed(column, number, Math.round(number), 'is no whole number');
  }

  boolean(column: string, otherwise: boolean): boolean {
    const value = this.raw(column);
    if (value === null) return otherwise;
    if (typeof value === 'boolean') return value;
    const word = String(value).trim().toLowerCase();
    if (['t', 'true', '1', 'yes', 'y', 'on'].includes(word)) return true;
    if (['f', 'false', '0', 'no', 'n', 'off'].includes(word)) return false;
    return this.#changed(column, value, otherwise, 'is neither true nor false');
  }

  /** In ISO 8601 with milliseconds, UTC; a time without zone is one of UTC, as the older service stored them. */
  instant(column: string): string | null {
    const value = this.raw(column);
    if (value === null || value === '') return null;
    const read = instantOf(value);
    return read ?? this.#changed(column, value, null, 'is no instant of the years 1 to 9999');
  }

  /** Tells that an instant is missing and which one is taken for it. */
  supplied(column: string, value: string): string {
    return this.#changed(column, this.#row[column] ?? null, value, 'an instant is needed');
  }

  /** A list of texts; written as JSON, as PostgreSQL writes arrays, or a single text. */
  texts(column: string, maximum: number, most: number): string[] {
    const value = this.json(column);
    if (value === null) return [];
    const list = Array.isArray(value) ? value : [value];
    const texts = list
      .filter((item) => item !== null)
      .map((item) => beginningOf(typeof item === 'string' ? item : JSON.stringify(item), maximum))
      .slice(0, most);
    const isSame = Array.isArray(value) && JSON.stringify(texts) === JSON.stringify(value);
    return isSame ? texts : this.#changed(column, value, texts, 'is no list of texts, or too long');
  }

  /** Any JSON; text that is JSON is read. */
  json(column: string): unknown {
    const value = this.raw(column);
    const read = typeof value === 'string' ? parsedOr(value) : value;
    const storable = storableJson(read);
    if (JSON.stringify(storable) !== JSON.stringify(read))
      this.#changed(column, value, storable, 'holds what no JSON can hold');
    return storable;
  }

  /** A JSON object; anything else is kept among the originals. */
  object(column: string): Record<string, unknown> {
    const value = this.json(column);
    if (value === null) return {};
    if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
    return this.#changed(column, value, {}, 'is no JSON object');
  }

  /** One of some words, whatever their case. */
  word<W extends string>(column: string, words: readonly W[], otherwise: W): W {
    const value = this.raw(column);
    if (value === null) return otherwise;
    const said = String(value).trim().toUpperCase();
    const found = words.find((word) => word === said);
    return found ?? this.#changed(column, value, otherwise, `is none of ${words.join(', ')}`);
  }

  /** Tells of a change that another rule asks for. */
  changed<V>(column: string, is: V, why: string): V {
    return this.#changed(column, this.#row[column] ?? null, is, why);
  }

  /** Keeps what no rule has asked for: columns that the older service had beside those that are known. */
  keepRest(): void {
    for (const [column, value] of Object.entries(this.#row))
      if (!this.#used.has(column) && value !== null) this.originals[column] = storableJson(value);
  }

  #changed<V>(column: string, was: unknown, is: V, why: string): V {
    this.#tell({ table: this.#table, id: this.id, column, was, is, why });
    if (was !== null && was !== '') this.originals[column] = storableJson(was);
    return is;
  }
}

function parsedOr(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** Seconds since 1970, perhaps with a fraction, or milliseconds. */
const EPOCH = /^\d{9,10}(?:\.\d+)?$|^\d{12,13}$/;
const DAY = /^\d{4}-\d\d-\d\d$/;
const ZONE = /(?:[Zz]|[+-]\d\d(?::?\d\d)?)$/;

function instantOf(value: unknown): string | null {
  const text = String(value).trim();
  if (EPOCH.test(text)) {
    const number = Number(text);
    return new Date(number >= 1e11 ? number : number * 1_000).toISOString();
  }
  if (DAY.test(text)) return readInstant(`${text}T00:00:00Z`).instant?.toISOString() ?? null;
  const written = text.replace(/\s+(?=[+-]\d\d)/, '').replace(/\s*UTC$/, 'Z');
  const hasZone = ZONE.test(written.slice(10));
  return readInstant(hasZone ? written : `${written}Z`).instant?.toISOString() ?? null;
}
