import { minorUnits, written } from '../../src/domains/payments/minor-units.ts';

/** How numbers, times and names are written, everywhere the same. */
const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const money = new Intl.NumberFormat(undefined, {
  style: 'currency',
  currency: 'USD',
  maximumFractionDigits: 4,
});
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit', second: '2-digit' });
const minute = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const dayOfYear = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});
const shortDay = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

export const count = (value: number): string => whole.format(value);
export const decimal = (value: number): string => fine.format(value);
export const dollars = (value: number): string => money.format(value);
/** An amount in the smallest unit of its currency: 1250 of EUR as "€12.50" */
export function amountOf(minor: number, currency: string): string {
  // Stripe names more than ISO 4217 does, such as USDC, and a browser throws at all but three letters.
  if (!/^[A-Z]{3}$/i.test(currency)) return written(minor, currency);
  const units = minorUnits(currency);
  const digits = Math.round(Math.log10(units));
  const options = {
    style: 'currency',
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  } as const;
  return new Intl.NumberFormat(undefined, options).format(minor / units);
}
export const percent = (share: number): string => {
  // 99.99 % is not all of it.
  const shown = share < 1 ? Math.min(99.9, share * 100) : 100;
  return `${fine.format(shown)} %`;
};

/** "1 turn", "2 turns" */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let shown = value;
  let unit = 0;
  while (shown >= 1_000 && unit < units.length - 1) {
    shown /= 1_000;
    unit += 1;
  }
  return `${unit < 2 || shown >= 100 ? whole.format(shown) : fine.format(shown)} ${units[unit]}`;
}

/** A length of time, in the two largest units that matter. */
export function span(seconds: number): string {
  if (seconds < 1) return `${whole.format(seconds * 1_000)} ms`;
  if (seconds < 60) return `${seconds < 10 ? fine.format(seconds) : whole.format(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return both(hours, 'h', minutes % 60, 'min');
  return both(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** "1 h 20 min", and "1 h" where nothing is over. */
const both = (large: number, unit: string, small: number, smaller: string): string =>
  small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smaller}`;

export const millis = (value: number): string => span(value / 1_000);

export const moment = (at: string | number | Date): string => full.format(new Date(at));
export const timeOfDay = (at: string | number | Date): string => clock.format(new Date(at));
export const minuteOfDay = (at: string | number | Date): string => minute.format(new Date(at));
export const dayOf = (at: string | number | Date): string => shortDay.format(new Date(at));
export const dateOf = (at: string | number | Date): string => date.format(new Date(at));

/** What a clock showed that is stored as if it had shown UTC. */
export const wallClock = (at: string): string =>
  new Date(at).toLocaleString(undefined, { timeZone: 'UTC', dateStyle: 'medium', timeStyle: 'medium' });

/** "53.55° N" */
export const degrees = (value: number, positive: string, negative: string): string =>
  `${Math.abs(value).toFixed(2)}° ${value < 0 ? negative : positive}`;

/** Today by the clock, this year with its day, else with its year. */
export function shortMoment(at: string | number | Date): string {
  const then = new Date(at);
  const now = new Date();
  if (then.toDateString() === now.toDateString()) return clock.format(then);
  return (then.getFullYear() === now.getFullYear() ? day : dayOfYear).format(then);
}

/** "READ_ONLY" or "read_only" as "read only" */
export const plain = (name: string): string => name.toLowerCase().replaceAll('_', ' ');
/** The same, with a capital. */
export const titled = (name: string): string => {
  const words = plain(name);
  return `${words[0]?.toUpperCase() ?? ''}${words.slice(1)}`;
};

/** In which zone times are written: "Europe/Berlin, UTC+02:00" */
export function zone(): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const minutes = -new Date().getTimezoneOffset();
  const sign = minutes < 0 ? '−' : '+';
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${timeZone}, UTC${sign}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
}
