import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { InvalidInput } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { type SettingsServices, timeZoneFor } from '../settings/settings.ts';
import { type CountOf, countCharacters, countHours, countIntents, type Period, textsSaid } from './reads.ts';
import { topicsOf } from './topics.ts';

/** How often each of some things was there, the most frequent first. */
export interface Count<T> {
  readonly value: T;
  readonly count: number;
}

/** What was counted in one day, week or month. */
export interface PeriodInsights {
  readonly start: Date;
  readonly turns: number;
  readonly intents: readonly Count<string | null>[];
  readonly topics: readonly Count<string>[];
  readonly characters: readonly Count<number>[];
}

export interface Insights extends Omit<PeriodInsights, 'start'> {
  readonly since: Date;
  readonly until: Date;
  readonly timeZone: string;
  readonly period: Period;
  /** Turns whose words were looked at for topics. */
  readonly topicTurns: number;
  readonly hours: readonly { readonly hour: number; readonly count: number }[];
  readonly periods: readonly PeriodInsights[];
}

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;
/** Up to so many days are counted by day, and by week. */
const BY_DAY = 62;
const BY_WEEK = 400;
/** The latest turns whose words are looked at. */
export const TOPIC_TURNS = 5_000;
export const TOP = 20;
export const TOP_OF_PERIOD = 5;
/** Periods that are told, the latest. */
export const MAX_PERIODS = 400;

const Since = z.object({ since: input.instant.nullish() });

/**
 * What a user's turns were about since an instant, over time: intents, topics, characters, and at which hours of their day.
 *
 * @param given absent: the last 30 days
 * @throws InvalidInput (it is in the future)
 */
export async function insightsSince(
  services: SettingsServices & { readonly db: Database },
  owner: Owner,
  given: Date | null | undefined,
): Promise<Insights> {
  const until = new Date();
  const asked = input.parseInput(Since, { since: given }).since;
  const since = asked ?? new Date(until.getTime() - DEFAULT_DAYS * DAY_MS);
  if (since > until) throw new InvalidInput('since', 'must not be in the future');
  const timeZone = await timeZoneFor(services, owner, null);
  const days = (until.getTime() - since.getTime()) / DAY_MS;
  const period: Period = days <= BY_DAY ? 'day' : days <= BY_WEEK ? 'week' : 'month';
  const counted = { since, until, period, timeZone };
  const [intents, characters, hours, texts] = await Promise.all([
    countIntents(services.db, owner, counted),
    countCharacters(services.db, owner, counted),
    countHours(services.db, owner, counted),
    textsSaid(services.db, owner, counted, TOPIC_TURNS),
  ]);
  const topics = await topicsOf(texts);
  const starts = [...new Set(intents.map(({ start }) => start.getTime()))];
  return {
    ...{ ...counted, hours, topicTurns: texts.length },
    turns: intents.reduce((sum, { count }) => sum + count, 0),
    intents: totals(intents, TOP),
    topics: totals(topics, TOP),
    characters: totals(characters, TOP),
    periods: starts.slice(-MAX_PERIODS).map((start) => {
      const own = <T>(counts: readonly CountOf<T>[]) =>
        counts.filter((each) => each.start.getTime() === start);
      return {
        start: new Date(start),
        turns: own(intents).reduce((sum, { count }) => sum + count, 0),
        intents: totals(own(intents), TOP_OF_PERIOD),
        topics: totals(own(topics), TOP_OF_PERIOD),
        characters: totals(own(characters), TOP_OF_PERIOD),
      };
    }),
  };
}

/** The sums of each value over all periods, the largest first; of equals, in the order of the values. */
function totals<T extends string | number | null>(counts: readonly CountOf<T>[], limit: number): Count<T>[] {
  const sums = new Map<T, number>();
  for (const { value, count } of counts) sums.set(value, (sums.get(value) ?? 0) + count);
  return [...sums]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || (String(a.value) < String(b.value) ? -1 : 1))
    .slice(0, limit);
}
