const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;

const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * The wall clock of a time zone: which day and minute an instant is there, and the other way round. Days are counted
 * from 1970-01-01, and minutes of the wall clock from that day's midnight, as if each day had 1,440 of them.
 */
export class Calendar {
  readonly now: Date;
  readonly timeZone: string;
  /** The day that it is now. */
  readonly today: number;
  /** The minute of the wall clock that it is now. */
  readonly minute: number;

  constructor(now: Date, timeZone: string) {
    this.now = now;
    this.timeZone = timeZone;
    this.minute = Math.floor(this.#wallClock(now.getTime()) / MINUTE_MS);
    this.today = Math.floor(this.minute / DAY_MINUTES);
  }

  /**
   * The instant at which the wall clock shows a minute, the earlier one where it shows it twice. Where clocks are put
   * forward over it, the instant at which that happens, or as long after it: a day that has no midnight begins there.
   */
  at(minute: number): Date {
    const wall = minute * MINUTE_MS;
    // No zone changes its offset twice within two days.
    const before = wall - this.#offset(wall - DAY_MS);
    const after = wall - this.#offset(wall + DAY_MS);
    const shown = [before, after].sort((a, b) => a - b).find((at) => this.#wallClock(at) === wall);
    return new Date(shown ?? before);
  }

  /** When today began. */
  get midnight(): Date {
    return this.at(this.today * DAY_MINUTES);
  }

  /** The day that an instant is in, as YYYY-MM-DD. */
  dayOf(at: Date): string {
    return new Date(this.#wallClock(at.getTime())).toISOString().slice(0, 10);
  }

  #offset(at: number): number {
    return this.#wallClock(at) - Math.floor(at / 1_000) * 1_000;
  }

  /** What the wall clock shows, as milliseconds since 1970 as if it were one of UTC; whole seconds. */
  #wallClock(at: number): number {
    let format = formats.get(this.timeZone);
    if (!format) {
      format = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn', {
        timeZone: this.timeZone,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      });
      formats.set(this.timeZone, format);
    }
    const shown: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(at)) shown[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown;
    return dayNumber(year, month - 1, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1_000;
  }
}

/** Days since 1970 of a day of the calendar; one beyond the month's end is one of the next. @param month 0 to 11 */
export function dayNumber(year: number, month: number, day: number): number {
  // `Date.UTC` takes years below 100 for those of the 20th century.
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  return Math.floor(date.getTime() / DAY_MS);
}

/** Year, month (0 to 11) and day of a day since 1970, and its place in the week (0: Monday). */
export function partsOfDay(day: number): { year: number; month: number; day: number; weekday: number } {
  const date = new Date(day * DAY_MS);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth(),
    day: date.getUTCDate(),
    weekday: (date.getUTCDay() + 6) % 7,
  };
}
