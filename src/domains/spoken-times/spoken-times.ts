import type { Calendar } from './calendar.ts';
import { withClocks } from './clocks.ts';
import { english } from './english.ts';
import {
  type CompiledLanguage,
  compile,
  expressionsIn,
  type Found,
  folded,
  languagesOf,
  withoutOverlaps,
} from './expressions.ts';
import { french } from './french.ts';
import { german } from './german.ts';
import { joined, narrowed, openEnded } from './joining.ts';
import type { TimeLanguage } from './language.ts';
import { spanish } from './spanish.ts';
import type { Stretch } from './stretches.ts';

/** A stretch of time that a question names: from `since` up to, not including, `until`. */
export interface TimeSpan extends Pick<Stretch, 'weight' | 'isNear' | 'isPeaked'> {
  readonly since: Date;
  readonly until: Date;
}

/** What a question says of when something was said. */
export interface SpokenTimes {
  /** The likeliest first; empty: it names no time. */
  readonly spans: readonly TimeSpan[];
  /** It counts from now ("last week"), so nothing but the turns of that time can be meant. */
  readonly isRelative: boolean;
  /** The question without the words that name the time; empty, where the others carry nothing beside it. */
  readonly rest: string;
  /** It is a date or an hour and nothing else ("24 December", "18:45"), and so may be what somebody said. */
  readonly isBare: boolean;
}

/** Characters of a question: what is longer tells more than it asks. */
const MAX_QUESTION = 1_000;
const LANGUAGES: readonly TimeLanguage[] = [english, german, french, spanish];

/** Built when the first question comes: a server that nobody asks needs none of it. */
let compiled: readonly CompiledLanguage[] | null = null;

/** Reads the times that a question names, in English, German, French and Spanish; days are those of the calendar. */
export function readTimes(question: string, calendar: Calendar): SpokenTimes {
  const written = question.normalize('NFC');
  if (written.length > MAX_QUESTION) return timeless(question);
  const text = folded(written);
  compiled ??= LANGUAGES.map(compile);
  const active = languagesOf(text, compiled);
  const expressions = withoutOverlaps(active.flatMap((each) => expressionsIn(text, written, each, calendar)));
  const all = joined(text, expressions).map((each) => (each.clock ? each : openEnded(calendar, each)));
  const days = all.filter((each) => !each.clock);
  // Alone, "at 3 pm" is as likely an hour of opening: only a question that says nothing else means the latest.
  const isHourMeant = days.length > 0 || restOf(written, all, active) === '';
  const named = isHourMeant ? all : days;
  const found = narrowed(withClocks(named, calendar));
  const stretches = found.flatMap((each) => each.stretches);
  if (stretches.length === 0) return timeless(question);
  const spans = stretches.map(({ from, to, ...stretch }) => ({
    ...stretch,
    since: calendar.at(from),
    until: calendar.at(to),
  }));
  return {
    spans: spans.filter(({ since, until }) => since < until),
    // Beside a date, "last Friday" is counted from that day, and nobody can say which.
    isRelative: found.every((each) => each.isRelative),
    rest: restOf(written, named, active),
    isBare:
      named.every(({ isRelative, clock }) => !isRelative || clock !== undefined) &&
      !/[\p{L}\p{N}]/u.test(without(written, named)),
  };
}

/** The reading of a question that names no time. */
export function timeless(question: string): SpokenTimes {
  return { spans: [], isRelative: false, rest: question, isBare: false };
}

/** What is lost of the fit towards the ends of a stretch that is no exact one. */
const SLOPE = 0.3;

/** How well an instant fits the times that a question names, 0 to 1. */
export function fitOf({ spans }: SpokenTimes, at: Date): number {
  let best = 0;
  for (const span of spans)
    if (span.weight > best && at >= span.since && at < span.until)
      best = Math.max(best, span.isPeaked ? span.weight * (1 - SLOPE * distanceOf(span, at)) : span.weight);
  return best;
}

/** How far an instant is from the middle of a span: 1 at its ends. */
function distanceOf({ since, until }: TimeSpan, at: Date): number {
  const half = (until.getTime() - since.getTime()) / 2;
  return Math.abs(at.getTime() - since.getTime() - half) / half;
}

function without(text: string, found: readonly Found[]): string {
  let rest = '';
  let at = 0;
  for (const { from, to } of found) {
    rest += `${text.slice(at, from)} `;
    at = to;
  }
  return rest + text.slice(at);
}

/** What is left of a question without the words that name its time; nothing, if all of it are fillers. */
function restOf(written: string, found: readonly Found[], active: readonly CompiledLanguage[]): string {
  const text = without(written, found);
  const isFiller = (word: string) => active.some(({ fillers }) => fillers.has(word));
  const words = folded(text).match(/[\p{L}\p{N}]+(?:['-][\p{L}\p{N}]+)*/gu) ?? [];
  const isEmpty = words.every((word) => isFiller(word) || word.split(/['-]/).every(isFiller));
  if (isEmpty) return '';
  return without(
    written,
    found.filter(({ isTopic }) => !isTopic),
  ).trim();
}
