import { duration, withUnit } from '../metrics/words.ts';
import type { ObjectiveState } from '../objectives/tracker.ts';
import type { DayCounts, DayFigures } from './figures.ts';

/** A report for people, and its figures for programs. */
export interface WrittenReport {
  readonly subject: string;
  readonly lines: readonly string[];
  readonly data: Readonly<Record<string, unknown>>;
}

const MOST_ALERTS = 5;

/** @param timeZone IANA name, in whose time instants are written */
export function written(figures: DayFigures, timeZone: string): WrittenReport {
  const { from, to, counts, errors, begun, open, objectives } = figures;
  const failing = objectives.filter(({ budgetLeft }) => budgetLeft !== null && budgetLeft < 0);
  const kept = failing.length === 0 ? 'objectives kept' : `${failing.length} objectives missed`;
  return {
    subject: `Daily report: ${many(counts.turns, 'turn')}, ${many(begun.length, 'alert')}, ${kept}`,
    lines: [
      `The 24 hours up to ${instant(to, timeZone)} (${timeZone}).`,
      ...section('Counts', countLines(figures)),
      ...section('Objectives', objectives.map(objectiveLine), 'all are switched off'),
      ...section(
        'Most frequent errors',
        errors.map(({ what, count }) => `${what}: ${withUnit(count, 'COUNT')}`),
      ),
      ...section('Growth', growthLines(figures)),
      ...section('Alerts', alertLines(figures, timeZone)),
    ],
    data: {
      ...{ from: new Date(from).toISOString(), to: new Date(to).toISOString(), counts, errors },
      alertsBegun: begun.length,
      alertsOpen: open.map(({ name }) => name),
      objectives: objectives.map(({ objective, total, bad, budgetLeft }) => ({
        ...{ name: objective.name, total, bad, budgetLeft },
      })),
      databaseBytes: figures.databaseBytes,
      grownBytes: figures.grownBytes,
    },
  };
}

function section(title: string, lines: readonly string[], otherwise = 'none'): string[] {
  return ['', title, ...(lines.length > 0 ? lines : [otherwise]).map((line) => `- ${line}`)];
}

function countLines({ counts, before }: DayFigures): string[] {
  const line = (what: string, of: (counts: DayCounts) => number) => {
    const earlier = before === null ? '' : ` (the day before: ${withUnit(of(before), 'COUNT')})`;
    return `${what}: ${withUnit(of(counts), 'COUNT')}${earlier}`;
  };
  const { searchP95, cost, tokens } = counts;
  return [
    line('Turns stored', ({ turns }) => turns),
    line('Queries answered by models', ({ byModels }) => byModels),
    line('Queries answered by the server itself', ({ byServer }) => byServer),
    ...(tokens > 0
      ? [`Tokens: ${withUnit(tokens, 'COUNT')}${cost > 0 ? `, for ${cost.toFixed(2)} by LLM_PRICES` : ''}`]
      : []),
    line('Memory searches', ({ searches }) => searches) +
      (searchP95 === null ? '' : `, 95 % of them within ${withUnit(searchP95, 'SECONDS')}`),
    line('HTTP requests', ({ requests }) => requests),
    line('Tasks done', ({ tasksDone }) => tasksDone),
  ];
}

function objectiveLine({
  objective,
  target,
  windowDays,
  total,
  bad,
  budgetLeft,
  burning,
}: ObjectiveState): string {
  const percent = (share: number) => `${Math.round(share * 1e5) / 1e3} %`;
  const promised = `${percent(target.share)} promised${target.limitSeconds === null ? '' : ` within ${duration(target.limitSeconds)}`}`;
  if (total === 0) return `${objective.name}: nothing happened in ${windowDays} days (${promised})`;
  const left =
    budgetLeft === null
      ? ''
      : budgetLeft < 0
        ? `; MISSED, its budget of ${windowDays} days is used ${(1 - budgetLeft).toFixed(1)} times`
        : `; ${percent(budgetLeft)} of its budget of ${windowDays} days is left`;
  const burns = burning.size > 0 ? ', and it burns' : '';
  return `${objective.name}: ${percent(1 - bad / total)} of ${withUnit(total, 'COUNT')} (${promised})${left}${burns}`;
}

function growthLines({ databaseBytes, grownBytes, grown, backupAgeSeconds }: DayFigures): string[] {
  const signed = (bytes: number) => `${bytes < 0 ? '-' : '+'}${withUnit(Math.abs(bytes), 'BYTES')}`;
  const by =
    grownBytes === null ? 'how much it grew is known after a day' : `${signed(grownBytes)} in the day`;
  return [
    `Database: ${withUnit(databaseBytes, 'BYTES')}, ${by}`,
    ...grown.map(({ table, bytes }) => `${table}: ${signed(bytes)}`),
    backupAgeSeconds === null
      ? 'Newest verified backup: there is none'
      : `Newest verified backup: ${duration(backupAgeSeconds)} old`,
  ];
}

function alertLines({ begun, open, broken }: DayFigures, timeZone: string): string[] {
  const words = (name: string) => name.replaceAll('_', ' ');
  const names = begun
    .slice(0, MOST_ALERTS)
    .map(({ name, count }) => (count > 1 ? `${words(name)} (${count} times)` : words(name)));
  const more = begun.length > MOST_ALERTS ? ` and ${begun.length - MOST_ALERTS} others` : '';
  return [
    `Began: ${names.length === 0 ? 'none' : `${names.join(', ')}${more}`}`,
    ...(open.length === 0 ? ['Open now: none'] : []),
    ...open
      .slice(0, MOST_ALERTS)
      .map(
        ({ name, severity, at }) =>
          `Open now: ${words(name)} (${severity}), since ${instant(at.getTime(), timeZone)}`,
      ),
    ...(open.length > MOST_ALERTS ? [`Open now: ${open.length - MOST_ALERTS} others`] : []),
    ...broken.map(
      ({ name, detail }) => `Not as it should be: ${name}${detail === null ? '' : `, ${detail}`}`,
    ),
  ];
}

function instant(at: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  return parts.format(at);
}

function many(count: number, what: string): string {
  return `${withUnit(count, 'COUNT')} ${what}${count === 1 ? '' : 's'}`;
}
