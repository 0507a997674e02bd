import type { Calendar } from './calendar.ts';
import { type Clock, clockOf } from './clocks.ts';
import { FIGURES } from './figures.ts';
import type { ClockRule, Named, Rule, TimeLanguage } from './language.ts';
import type { Stretch } from './stretches.ts';

/** "In 2025 words or fewer". */
const NO_COUNT =
  '(?! ?(?:words|characters|people|dollars|euros?|pounds|steps|met(?:er|re)s|miles|calories|times|hours|days|minutes|items|units|points|copies|lines|pages|worte?n?|worter|zeichen|personen|schritten?|metern?|mots|personnes|palabras|personas|pasos|km|kg|%|\\$|€)(?![a-z]))';
/** Words for times in one language, and other words in English: "once" is eleven in Spanish. */
const NO_HINTS = new Set(
  'once mars minute minutes quarter winter august september november halloween valentine morning evening night spring summer autumn fall easter christmas thanksgiving three four five seven eight nine eleven twelve april'.split(
    ' ',
  ),
);

interface CompiledRule extends Omit<Rule, 'pattern'> {
  readonly expression: RegExp;
}
interface CompiledClock extends Omit<ClockRule, 'pattern'> {
  readonly expression: RegExp;
}
export interface CompiledLanguage {
  readonly language: TimeLanguage;
  readonly hints: ReadonlySet<string>;
  readonly fillers: ReadonlySet<string>;
  /** What each rule looks for, without what may stand around it: where this is not, no rule finds anything. */
  readonly any: RegExp;
  /** Made for the first text that has any: the patterns of a language take megabytes once they have run. */
  readonly patterns: () => CompiledPatterns;
}
interface CompiledPatterns {
  readonly rules: readonly CompiledRule[];
  readonly clocks: readonly CompiledClock[];
}

/** What stands before a time; `to`: the other end of a stretch. */
type Lead = keyof TimeLanguage['leads'] | 'to';

/** One expression of a question that names a time. */
export interface Found {
  readonly from: number;
  readonly to: number;
  readonly lead: Lead | null;
  readonly needsLead: boolean;
  readonly language: TimeLanguage;
  readonly isRelative: boolean;
  readonly isTopic: boolean;
  readonly stretches: readonly Stretch[];
  /** A time of the day, which needs a day. */
  readonly clock?: Clock;
}

/** In lower case and without accents, each character at its place. */
export function folded(text: string): string {
  return text
    .replace(/[^\0-\x7f]/g, (character) => character.toLowerCase().normalize('NFD').charAt(0))
    .replace(/[’‘]/g, "'")
    .replace(/\s/g, ' ')
    .toLowerCase();
}

/** Those whose words the text has; all, where it has none of any. "hier" is another word in French and in German. */
export function languagesOf(text: string, all: readonly CompiledLanguage[]): readonly CompiledLanguage[] {
  const words = text.match(/[\p{L}\p{N}]+(?:['-]\p{L}+)*/gu) ?? [];
  const parts = words.flatMap((word) => [word, ...word.split(/['-]/)]);
  const spoken = all.filter(({ hints }) => parts.some((word) => hints.has(word)));
  return spoken.length > 0 ? spoken : all;
}

/** The expressions of a question that name times, in one language. */
export function expressionsIn(
  text: string,
  written: string,
  { language, any, patterns }: CompiledLanguage,
  calendar: Calendar,
): Found[] {
  if (!any.test(text)) return [];
  const { rules, clocks } = patterns();
  const quoted = [...text.matchAll(/["“„«][^"“”„«»]*["”“»]/g)].map(({ index, 0: { length } }) => [
    index,
    index + length,
  ]);
  // What is quoted is a title, or somebody's words.
  const isQuoted = (from: number, to: number) =>
    quoted.some(([start = 0, end = 0]) => from > start && to < end);
  const isFuture = language.future.test(text) && !language.past.test(text);
  const matches = (expression: RegExp) =>
    allMatches(expression, text).flatMap((match) => {
      const groups = match.groups ?? {};
      const [from, to] = [match.index, match.index + match[0].length];
      const lead =
        (['since', 'before', 'from', 'at', 'to'] as const).find((name) => groups[name] !== undefined) ?? null;
      return isQuoted(from, to) ? [] : [{ groups, from, to, lead }];
    });
  const days = rules.flatMap(({ expression, isRelative = false, isTopic = false, needsLead = false, read }) =>
    matches(expression).flatMap(({ groups, ...place }) => {
      if (isRelative && isTitle(written, place.to - (groups.body ?? '').length, groups)) return [];
      if (isFuture && mayBeToCome(groups)) return [];
      const stretches = read(calendar, namedBy(groups, language));
      if (stretches.length === 0) return [];
      const isOpen = isTopic && groups.year === undefined;
      return { ...place, needsLead, language, isRelative, isTopic: isOpen, stretches };
    }),
  );
  const hours = clocks.flatMap(({ expression, needsLead = false, needsDay = false }) =>
    matches(expression).flatMap(({ groups, ...place }) => {
      const clock = clockOf(groups, language, place.lead, needsDay);
      if (!clock) return [];
      const common = { needsLead, language, isRelative: true, isTopic: false, stretches: [] };
      return { ...place, ...common, clock };
    }),
  );
  return [...days, ...hours];
}

/** As `matchAll`, which copies the expression each time: a hundred of them are looked for, and most are not there. */
function allMatches(expression: RegExp, text: string): RegExpExecArray[] {
  const found: RegExpExecArray[] = [];
  expression.lastIndex = 0;
  for (let match = expression.exec(text); match; match = expression.exec(text)) {
    found.push(match);
    if (match[0] === '') expression.lastIndex += 1;
  }
  return found;
}

/** "Who wrote Yesterday?": written large within a sentence, where such a word is written small. */
function isTitle(written: string, at: number, groups: Record<string, string | undefined>): boolean {
  const body = groups.body ?? '';
  if (['weekday', 'month', 'season', 'holiday'].some((name) => groups[name] && body.startsWith(groups[name])))
    return false;
  return (
    /^\p{Lu}\p{Ll}/u.test(written.slice(at)) && /(?:^|\s)\p{Ll}\S*[\p{L}\p{N}]\s$/u.test(written.slice(0, at))
  );
}

/** "What will I do on Monday?" */
function mayBeToCome(groups: Record<string, string | undefined>): boolean {
  return groups.weekday !== undefined && groups.last === undefined && groups.beforeLast === undefined;
}

/** The longest first: "the day before yesterday" is not yesterday. */
export function withoutOverlaps(found: readonly Found[]): Found[] {
  const kept: Found[] = [];
  for (const each of found.toSorted((a, b) => b.to - b.from - (a.to - a.from)))
    if (kept.every((other) => each.to <= other.from || each.from >= other.to)) kept.push(each);
  return kept.sort((a, b) => a.from - b.from);
}

/** Makes the patterns of a language ready; once, since it takes time. */
export function compile(language: TimeLanguage): CompiledLanguage {
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
    nth: `(?<nth>${words(language.ordinals)}|[1-5](?:st|nd|rd|th|\\.|er|ere|eme|e|o|a))`,
    part: `(?<part>${words(language.parts)})`,
    year: `(?<year>(?:19|20)\\d\\d|'\\d\\d)${NO_COUNT}`,
    day: '(?<day>[0-3]?\\d)',
    last: '(?<lastDay>[0-3]?\\d)',
  };
  const lead = `(?:(?<since>${leads.since})|(?<before>${leads.before})|(?<from>${leads.from})|(?<at>${leads.at})|(?<to>${language.to})) `;
  const bodyOf = (pattern: string) =>
    pattern.replace(/\{(\w+)\}/g, (whole, name: string) => places[name] ?? whole);
  const spaced = (expression: string) => expression.replaceAll(' ', ' +').replaceAll(' +?', ' *');
  const expressionOf = (pattern: string, needsLead = false) => {
    const body = bodyOf(pattern);
    const all = `(?<![a-z0-9_/.:\\u00df-\\u024f-])(?:${lead})${needsLead ? '' : '?'}(?<body>${body})(?![a-z0-9_\\u00df-\\u024f])`;
    return new RegExp(spaced(all), 'g');
  };
  const compiled = <R extends ClockRule>({ pattern, ...rule }: R) => ({
    ...rule,
    expression: expressionOf(pattern, rule.needsLead),
  });
  const relative = language.relative.map((rule) => ({ ...rule, isRelative: true }));
  const rules = [...relative, ...language.absolute, ...FIGURES];
  // Without groups, which take time; what is repeated (a dash) is any one character then.
  const bodies = [...rules, ...language.clocks].map(({ pattern }) =>
    bodyOf(pattern)
      .replaceAll(/\(\?<\w+>/g, '(?:')
      .replaceAll(/\\k<\w+>/g, '.'),
  );
  let made: CompiledPatterns | null = null;
  return {
    language,
    hints: hintsOf(language),
    fillers: wordSet(language.fillers),
    any: new RegExp(spaced(bodies.join('|'))),
    patterns: () => {
      made ??= { rules: rules.map(compiled), clocks: language.clocks.map(compiled) };
      return made;
    },
  };
}

const wordSet = (list: string) => new Set(list.split(' ').map(folded));

/** Its own words for times tell a language, too, but for those that are other words in English. */
function hintsOf(language: TimeLanguage): Set<string> {
  const { hints, numbers, units, seasons, holidays, parts, weekdays } = language;
  const words = [numbers, units, seasons, holidays, parts].flatMap((names) => Object.keys(names));
  const telling = [...words, ...weekdays.flatMap((names) => names.split('|'))].filter(
    (word) => /^[a-z]{4,}$/.test(word) && !NO_HINTS.has(word),
  );
  return new Set([...wordSet(hints), ...telling]);
}

function namedBy(groups: Record<string, string | undefined>, language: TimeLanguage): Named {
  const word = (name: string) => groups[name]?.replace(/ +/g, ' ');
  const index = (names: readonly string[], name: string) =>
    names.findIndex((pattern) => new RegExp(`^(?:${pattern})$`, 'u').test(word(name) ?? ''));
  const n = word('n') ?? word('m') ?? '1';
  const [count, spread] = language.vague[n] ?? [language.numbers[n] ?? Number(n), 0];
  const nth = word('nth') ?? '';
  const year = word('year')?.replace("'", '20');
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
    year: year === undefined ? null : Number(year),
    day,
    nth: language.ordinals[nth] ?? (Number.parseInt(nth, 10) || 0),
    quarter: Number(groups.quarter ?? 0),
    week: Number(groups.week ?? 0),
    decade: Number(groups.decade ?? 0),
    lastDay: Number(word('lastDay') ?? day),
    has: (name) => groups[name] !== undefined,
    figures: [groups.y, groups.m, groups.d],
  };
}
