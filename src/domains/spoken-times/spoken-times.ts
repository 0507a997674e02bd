import { type Calendar, partsOfDay } from './calendar.ts';
import { english } from './english.ts';
import { french } from './french.ts';
import { german } from './german.ts';
import type { Named, Rule, TimeLanguage } from './language.ts';
import { spanish } from './spanish.ts';
import { BEGINNING, dateNamed, type Stretch } from './stretches.ts';

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
}

/** Characters of a question: what is longer tells more than it asks. */
const MAX_QUESTION = 1_000;
/** How well a turn fits that is only somewhere before or after a date. */
const OPEN = 0.3;
const LANGUAGES: readonly TimeLanguage[] = [english, german, french, spanish];

/** Dates in figures, the same in all languages: year first, else the day first, unless only a month can stand there. */
const FIGURES: readonly Rule[] = [
  { pattern: '(?<y>\\d{4})(?<dash>[-/.])(?<m>\\d\\d)\\k<dash>(?<d>\\d\\d)(?!\\d)', read: dateInFigures },
  {
    pattern: '(?<d>[0-3]?\\d)(?<dash>[/.-])(?<m>[0-3]?\\d)\\k<dash>(?<y>\\d{4}|\\d\\d)(?![\\d/-]|\\.\\d)',
    read: dateInFigures,
  },
  {
    pattern: '(?<d>[0-3]?\\d)(?<dash>[/.])(?<m>[0-3]?\\d)\\.?(?![\\d/-])',
    needsLead: true,
    read: dateInFigures,
  },
];

interface CompiledRule extends Omit<Rule, 'pattern'> {
  readonly expression: RegExp;
}
interface CompiledLanguage {
  readonly language: TimeLanguage;
  readonly hints: ReadonlySet<string>;
  readonly fillers: ReadonlySet<string>;
  readonly rules: readonly CompiledRule[];
}

/** Built when the first question comes: a server that nobody asks needs none of it. */
let compiled: readonly CompiledLanguage[] | null = null;

/** What stands before a time; `to`: the other end of a stretch. */
type Lead = keyof TimeLanguage['leads'] | 'to';

/** One expression of a question that names a time. */
interface Found {
  readonly from: number;
  readonly to: number;
  readonly lead: Lead | null;
  readonly needsLead: boolean;
  readonly language: TimeLanguage;
  readonly isRelative: boolean;
  readonly isTopic: boolean;
  readonly stretches: readonly Stretch[];
}

/** Reads the times that a question names, in English, German, French and Spanish; days are those of the calendar. */
export function readTimes(question: string, calendar: Calendar): SpokenTimes {
  const written = question.normalize('NFC');
  if (written.length > MAX_QUESTION) return timeless(question);
  const text = folded(written);
  compiled ??= LANGUAGES.map(compile);
  const active = languagesOf(text, compiled);
  const expressions = withoutOverlaps(active.flatMap((each) => expressionsIn(text, each, calendar)));
  const named = joined(text, expressions).map((each) => openEnded(calendar, each));
  const found = narrowed(named);
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
  };
}

/** The reading of a question that names no time. */
export function timeless(question: string): SpokenTimes {
  return { spans: [], isRelative: false, rest: question };
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

/** In lower case and without accents, each character at its place. */
function folded(text: string): string {
  return text
    .replace(/[^\0-\x7f]/g, (character) => character.toLowerCase().normalize('NFD').charAt(0))
    .replace(/[’‘]/g, "'")
    .replace(/\s/g, ' ')
    .toLowerCase();
}

/** Those whose words the text has; all, where it has none of any. "hier" is another word in French and in German. */
function languagesOf(text: string, all: readonly CompiledLanguage[]): readonly CompiledLanguage[] {
  const words = text.match(/[\p{L}\p{N}]+(?:['-]\p{L}+)*/gu) ?? [];
  const parts = words.flatMap((word) => [word, ...word.split(/['-]/)]);
  const spoken = all.filter(({ hints }) => parts.some((word) => hints.has(word)));
  return spoken.length > 0 ? spoken : all;
}

function expressionsIn(text: string, { language, rules }: CompiledLanguage, calendar: Calendar): Found[] {
  const quoted = [...text.matchAll(/["“„«][^"“”„«»]*["”“»]/g)].map(({ index, 0: { length } }) => [
    index,
    index + length,
  ]);
  return rules.flatMap(({ expression, isRelative = false, isTopic = false, needsLead = false, read }) =>
    [...text.matchAll(expression)].flatMap((match) => {
      const groups = match.groups ?? {};
      const [from, to] = [match.index, match.index + match[0].length];
      // What is quoted is a title, or somebody's words.
      if (quoted.some(([start = 0, end = 0]) => from > start && to < end)) return [];
      const lead =
        (['since', 'before', 'from', 'at', 'to'] as const).find((name) => groups[name] !== undefined) ?? null;
      const stretches = read(calendar, namedBy(groups, language));
      if (stretches.length === 0) return [];
      const isOpen = isTopic && groups.year === undefined;
      return { from, to, lead, needsLead, language, isRelative, isTopic: isOpen, stretches };
    }),
  );
}

/** The longest first: "the day before yesterday" is not yesterday. */
function withoutOverlaps(found: readonly Found[]): Found[] {
  const kept: Found[] = [];
  for (const each of found.toSorted((a, b) => b.to - b.from - (a.to - a.from)))
    if (kept.every((other) => each.to <= other.from || each.from >= other.to)) kept.push(each);
  return kept.sort((a, b) => a.from - b.from);
}

/** Joins "from Monday to Wednesday", and stretches what follows "since" and "before". */
function joined(text: string, found: readonly Found[]): Found[] {
  const whole: Found[] = [];
  for (const each of found) {
    const before = whole.at(-1);
    const between = before && text.slice(before.to, each.from);
    const last = each.stretches.find(({ isNear }) => !isNear);
    // Without a year the beginning is the latest one before the end: "between November and January".
    const first = last && before?.stretches.find(({ from, isNear }) => !isNear && from < last.to);
    if (before?.lead === 'from' && first && last && isTo(between, each)) {
      const { weight } = first;
      whole[whole.length - 1] = {
        ...before,
        to: each.to,
        stretches: [{ from: first.from, to: last.to, weight }],
      };
    } else if (each.lead !== 'to' || !each.needsLead) whole.push(each);
  }
  return whole;
}

function isTo(between: string | undefined, { language, lead }: Found): boolean {
  if (between === undefined) return false;
  // "between May and July": what joins the two may stand there as what introduces the second.
  if (lead === 'before' || lead === 'to') return between.trim() === '';
  return new RegExp(`^ ?${language.to} ?$`).test(between);
}

/** "since Tuesday", "before 8 May": of a date in the calendar, what is close to it is still likelier. */
function openEnded(calendar: Calendar, found: Found): Found {
  const { lead, isRelative, stretches } = found;
  const [first] = stretches;
  if (!first || (lead !== 'since' && lead !== 'before')) return found;
  const ends =
    lead === 'since' ? { from: first.from, to: calendar.minute + 1 } : { from: BEGINNING, to: first.from };
  if (lead === 'since' && isRelative) return { ...found, stretches: [{ ...ends, weight: first.weight }] };
  const close = stretches.map((each) => ({ ...each, isNear: true }));
  return { ...found, isRelative: false, stretches: [{ ...ends, weight: OPEN }, ...close] };
}

/** "in May last year": a time within another one is what both name together. */
function narrowed(found: readonly Found[]): Found[] {
  const isWithin = (inner: Stretch, outer: Stretch) => outer.from <= inner.from && inner.to <= outer.to;
  for (const wide of found)
    for (const narrow of found) {
      const stretches = narrow.stretches.filter((each) =>
        wide.stretches.some((outer) => !outer.isNear && isWithin(each, outer)),
      );
      if (narrow === wide || stretches.every(({ isNear }) => isNear)) continue;
      const both = { ...narrow, stretches, isRelative: narrow.isRelative || wide.isRelative };
      return narrowed(found.flatMap((each) => (each === wide ? [] : each === narrow ? both : each)));
    }
  return [...found];
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

function compile(language: TimeLanguage): CompiledLanguage {
  const { leads } = language;
  const words = (names: Readonly<Record<string, unknown>>) =>
    Object.keys(names)
      .sort((a, b) => b.length - a.length)
      .join('|');
  const count = `\\d{1,3}|${words(language.vague)}|${words(language.numbers)}`;
  const places: Record<string, string> = {
    n: `(?<n>${count})`,
    m: `(?<m>${count})`,
    unit: `(?<unit>${words(language.units)})`,
    weekday: `(?<weekday>${language.weekdays.join('|')})`,
    month: `(?<month>${language.months.join('|')})`,
    season: `(?<season>${words(language.seasons)})`,
    holiday: `(?<holiday>${words(language.holidays)})`,
    part: `(?<part>${words(language.parts)})`,
    year: '(?<year>(?:19|20)\\d\\d)',
    day: '(?<day>[0-3]?\\d)',
    last: '(?<lastDay>[0-3]?\\d)',
  };
  const lead = `(?:(?<since>${leads.since})|(?<before>${leads.before})|(?<from>${leads.from})|(?<at>${leads.at})|(?<to>${language.to})) `;
  const rules = [...language.rules, ...FIGURES].map(({ pattern, needsLead, ...rule }) => {
    const body = pattern.replace(/\{(\w+)\}/g, (whole, name: string) => places[name] ?? whole);
    const all = `(?<![a-z0-9_/.:\\u00df-\\u024f-])(?:${lead})${needsLead ? '' : '?'}(?:${body})(?![a-z0-9_\\u00df-\\u024f])`;
    return { ...rule, expression: new RegExp(all.replaceAll(' ', ' +').replaceAll(' +?', ' *'), 'g') };
  });
  const set = (list: string) => new Set(list.split(' ').map(folded));
  return { language, hints: set(language.hints), fillers: set(language.fillers), rules };
}

function namedBy(groups: Record<string, string | undefined>, language: TimeLanguage): Named {
  const word = (name: string) => groups[name]?.replace(/ +/g, ' ');
  const index = (names: readonly string[], name: string) =>
    names.findIndex((pattern) => new RegExp(`^(?:${pattern})$`, 'u').test(word(name) ?? ''));
  const n = word('n') ?? word('m') ?? '1';
  const [count, spread] = language.vague[n] ?? [language.numbers[n] ?? Number(n), 0];
  const day = Number(word('day') ?? word('d') ?? 0);
  return {
    count,
    spread,
    unit: language.units[word('unit') ?? ''] ?? 'day',
    weekday: index(language.weekdays, 'weekday'),
    month: index(language.months, 'month'),
    season: language.seasons[word('season') ?? ''] ?? 'spring',
    holiday: language.holidays[word('holiday') ?? ''] ?? 'christmas',
    part: language.parts[word('part') ?? ''],
    year: groups.year === undefined ? null : Number(groups.year),
    day,
    lastDay: Number(word('lastDay') ?? day),
    has: (name) => groups[name] !== undefined,
    figures: [groups.y, groups.m, groups.d],
  };
}

function dateInFigures(calendar: Calendar, { figures: [y, m, d] }: Named): Stretch[] {
  const { year: thisYear } = partsOfDay(calendar.today);
  const [first, second] = [Number(d), Number(m)];
  const [day, month] = second > 12 && first <= 12 ? [second, first] : [first, second];
  if (month < 1 || month > 12 || day < 1) return [];
  const century = thisYear - (thisYear % 100);
  const written = y === undefined ? null : Number(y);
  const year =
    written === null || y?.length === 4
      ? written
      : century + written > thisYear + 1
        ? century - 100 + written
        : century + written;
  return dateNamed(calendar, { year, month: month - 1, day });
}
