import type { Taken } from './facts.ts';

/** No photograph is older. */
const FIRST_YEAR = 1826;
const LAST_YEAR = 2100;

const DATE =
  /^(\d{4})[-:./](\d{1,2})[-:./](\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/;

/** What one field of a file says, with what other fields add to it. */
export interface DateField {
  readonly text: string | null;
  /** The decimals of the second, in a field of their own. */
  readonly fraction?: string | null;
  readonly offset?: string | null;
  readonly source: string;
}

/** The first of the fields that holds a date that there is: zero, blank and impossible ones are none. */
export function takenOf(fields: readonly DateField[]): Taken | null {
  for (const field of fields) {
    const taken = field.text === null ? null : parseDate(field.text, field);
    if (taken) return taken;
  }
  return null;
}

/** `+02:00`; null for what is no offset that a place on earth has. */
export function offsetOf(text: string | null | undefined): string | null {
  if (!text) return null;
  if (text.trim() === 'Z') return '+00:00';
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(text.trim()) ?? [];
  if (!sign || !hours || !minutes || Number(minutes) > 59) return null;
  return Number(hours) * 60 + Number(minutes) <= 14 * 60 ? `${sign}${hours}:${minutes}` : null;
}

function parseDate(text: string, field: DateField): Taken | null {
  const match = DATE.exec(text.trim());
  if (!match) return null;
  const [, year = '', month = '', day = '', hour, minute, second, decimals, zone] = match;
  const parts = [year, month, day, hour ?? '0', minute ?? '0', second ?? '0'].map(Number);
  if (!isPossible(parts)) return null;
  const [y, mo, d, h, mi, s] = parts.map((part) => String(part).padStart(2, '0'));
  const fraction = decimals ?? /^\s*(\d{1,9})\s*$/.exec(field.fraction ?? '')?.[1] ?? '';
  const shown = second !== undefined && /[1-9]/.test(fraction) ? `.${fraction}` : '';
  return {
    local: `${y}-${mo}-${d}T${h}:${mi}:${s}${shown}`,
    offset: hour === undefined ? null : (offsetOf(field.offset) ?? offsetOf(zone)),
    source: hour === undefined ? `${field.source} (day only)` : field.source,
  };
}

/** The calendar has it, and a camera may have said it. */
function isPossible(parts: readonly number[]): boolean {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  if (year < FIRST_YEAR || year > LAST_YEAR) return false;
  const there = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  return (
    there.getUTCMonth() === month - 1 &&
    there.getUTCDate() === day &&
    there.getUTCHours() === hour &&
    there.getUTCMinutes() === minute &&
    there.getUTCSeconds() === second
  );
}
