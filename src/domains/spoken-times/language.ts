import type { Calendar } from './calendar.ts';
import type { DayPart, Holiday, Season, Stretch, Unit } from './stretches.ts';

/** What an expression named, by placeholder; see `TimeLanguage.rules`. */
export interface Named {
  readonly count: number;
  /** How far off the count may be. */
  readonly spread: number;
  readonly unit: Unit;
  readonly weekday: number;
  readonly month: number;
  readonly season: Season;
  readonly holiday: Holiday;
  readonly part: DayPart | undefined;
  readonly year: number | null;
  readonly day: number;
  /** Of "the third week"; -1 of the last one. */
  readonly nth: number;
  readonly quarter: number;
  readonly week: number;
  readonly decade: number;
  readonly lastDay: number;
  /** Year, month and day of a date in figures, in this order, as they stand. */
  readonly figures: readonly (string | undefined)[];
  /** Whether a word or a number with this group's name was there. */
  has(group: string): boolean;
}

export interface Rule {
  /**
   * A pattern over folded text: a space stands for any white space, and `{n}`, `{unit}`, `{weekday}`, `{month}`,
   * `{season}`, `{holiday}`, `{part}`, `{nth}`, `{year}`, `{day}` and `{last}` for the words of the language.
   */
  readonly pattern: string;
  /** Whether one of the language's prepositions must stand before it: without one, "march" may be a verb. */
  readonly needsLead?: boolean;
  /** It is counted from now, so nothing but the turns of that time can be meant. */
  readonly isRelative?: boolean;
  /** What it names may be what is spoken of, too: "what do we eat at Easter?". */
  readonly isTopic?: boolean;
  readonly read: (calendar: Calendar, named: Named) => readonly Stretch[];
}

/** A time of the day: with a day, or alone where the question says nothing else. */
export interface ClockRule {
  /** As of `Rule`, with the groups `hour`, `minute`, `am`, `pm`, `lastHour`, `noon` and `midnight`. */
  readonly pattern: string;
  readonly needsLead?: boolean;
  /** Without a day, "in the evening" is a habit. */
  readonly needsDay?: boolean;
}

/** How a language names times. All words are folded: in lower case, without accents. */
export interface TimeLanguage {
  /** Words that tell the language from others. */
  readonly hints: string;
  /** Words that carry nothing in a question about a time: "what did we talk about". */
  readonly fillers: string;
  readonly numbers: Readonly<Record<string, number>>;
  /** "a few": numbers that are not exact, and how far off they may be. */
  readonly vague: Readonly<Record<string, readonly [count: number, spread: number]>>;
  readonly units: Readonly<Record<string, Unit>>;
  /** From Monday, each with its forms, as a pattern. */
  readonly weekdays: readonly string[];
  readonly months: readonly string[];
  readonly seasons: Readonly<Record<string, Season>>;
  readonly holidays: Readonly<Record<string, Holiday>>;
  readonly parts: Readonly<Record<string, DayPart>>;
  /** Prepositions that may stand before a time, as patterns, with the articles that follow them. */
  readonly leads: {
    readonly at: string;
    readonly since: string;
    readonly before: string;
    readonly from: string;
  };
  /** Words between the two ends of a stretch. */
  readonly to: string;
  /** "third", and -1 for "last". */
  readonly ordinals: Readonly<Record<string, number>>;
  /** What tells that a question is about what is still to come, unless it has what tells of the past as well. */
  readonly future: RegExp;
  readonly past: RegExp;
  readonly clocks: readonly ClockRule[];
  /** Counted from now, so nothing but the turns of that time can be meant. */
  readonly relative: readonly Rule[];
  /** By the calendar. */
  readonly absolute: readonly Rule[];
}
