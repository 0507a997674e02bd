const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;
const DAY_MINUTES = 1_440;
/** The last instant that there is. */
const LAST_MS = 8_640_000_000_000_000;
/** Of each time zone. */
const HOURS_REMEMBERED = 256;

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
    return offsetOf(zoneOf(this.timeZone), at);
  }

  /** What the wall clock shows, as milliseconds since 1970 as if it were one of UTC; whole seconds. */
  #wallClock(at: number): number {
    return Math.floor(at / SECOND_MS) * SECOND_MS + this.#offset(at);
  }
}

/** A time zone, and by how much its clocks were ahead of UTC throughout some hours, numbered from 1970. */
interface Zone {
  readonly format: Intl.DateTimeFormat;
  readonly offsets: Map<number, number>;
}

const zones = new Map<string, Zone>();

function zoneOf(timeZone: string): Zone {
  let zone = zones.get(timeZone);
  if (!zone) {
    const format = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    zone = { format, offsets: new Map() };
    zones.set(timeZone, zone);
  }
  return zone;
}

/** Milliseconds that clocks are ahead of UTC. Remembers some hours in which they are so all the time: to ask takes long. */
function offsetOf(zone: Zone, at: number): number {
  const hour = Math.floor(at / HOUR_MS);
  const known = zone.offsets.get(hour);
  if (known !== undefined) return known;
  // There is no later hour.
  if (Math.abs(at) > LAST_MS - HOUR_MS) return askedOffset(zone, at);
  const offset = askedOffset(zone, hour * HOUR_MS);
  // No zone changes its offset twice within two days.
  if (offset !== askedOffset(zone, (hour + 1) * HOUR_MS)) return askedOffset(zone, at);
  if (zone.offsets.size >= HOURS_REMEMBERED) zone.offsets.clear();
  zone.offsets.set(hour, offset);
  return offset;
}

function askedOffset({ format }: Zone, at: number): number {
  const shown: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(at)) shown[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown;
  const wall = dayNumber(year, month - 1, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * SECOND_MS;
  return wall - Math.floor(at / SECOND_MS) * SECOND_MS;
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
