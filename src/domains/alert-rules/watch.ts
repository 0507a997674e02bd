import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { isPassing, judgeDatabaseError } from '../../db/meaning.ts';
import type { AlertTeller } from '../../ground/promise.ts';
import type { Keeper } from '../../jobs/keeper.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import type { StoredStretch } from '../metrics/reads.ts';
import { MINUTE_MS, type Recorder, SECOND_MS } from '../metrics/recorder.ts';
import { matcherOf } from '../metrics/selector.ts';
import { MeasuredBook } from './book.ts';
import { type Judgement, judge, lookBackMs } from './judge.ts';
import { measured } from './measured.ts';
import { type AlertRule, inUnit } from './rules.ts';

export interface RuleWatchOptions {
  readonly rules: readonly AlertRule[];
  readonly db: Pick<Database, 'pool'>;
  readonly availability: Pick<Availability, 'isUp'>;
  readonly recorder: Pick<Recorder, 'seconds' | 'unwritten' | 'server'>;
  readonly alerts: Pick<AlertTeller, 'raise' | 'clear'> & { readonly active: readonly { name: string }[] };
  readonly keepers: Keepers;
  readonly clock?: Clock;
}

/** Milliseconds: of the time of day, and of a clock that nobody sets. */
interface Clock {
  readonly now: () => number;
  readonly steady: () => number;
}

/** Milliseconds between looks at rules in steps of less than a minute, and at the others. */
const LOOK_MS = { seconds: 1_000, minutes: 5_000 };
/** Servers store a minute a little after it is over. */
const LATE_MS = 10_000;
/** Milliseconds of steps that one round judges at most, beside the latest: as many as a rule in steps of a second is kept waiting for. */
const MOST_PASSED_MS = 60_000;
/** The time of day and the other clock went apart by more: somebody set it. */
const JUMP_MS = 5_000;

interface Watched {
  readonly rule: AlertRule;
  readonly matches: (series: string) => boolean;
}

/**
 * Looks whether the operator's rules hold, and raises and clears their alerts. Steps of less than a minute are this server's own;
 * minutes and hours are of all servers on the database, so that all of them see the same. While the database is away, it goes by
 * what it measures itself.
 */
export class RuleWatch {
  readonly #options: RuleWatchOptions;
  readonly #clock: Clock;
  readonly #bySeconds: readonly Watched[];
  readonly #byMinutes: readonly Watched[];
  readonly #book: MeasuredBook;
  readonly #keeper: Keeper;
  readonly #judgements = new Map<string, Judgement>();
  /** Before it the time of day was another one. */
  #setAt = Number.NEGATIVE_INFINITY;
  #before: { readonly now: number; readonly steady: number } | null = null;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #hasMissed = true;

  constructor(options: RuleWatchOptions) {
    this.#options = options;
    this.#clock = options.clock ?? { now: () => Date.now(), steady: () => performance.now() };
    const watched = options.rules.map((rule) => ({ rule, matches: matcherOf(rule.condition.selector) }));
    this.#bySeconds = watched.filter(({ rule }) => rule.condition.stepMs < MINUTE_MS);
    this.#byMinutes = watched.filter(({ rule }) => rule.condition.stepMs >= MINUTE_MS);
    this.#book = new MeasuredBook({
      ...options,
      names: [...new Set(this.#byMinutes.map(({ rule }) => rule.condition.metric.name))],
      lookBackMs: Math.max(0, ...this.#byMinutes.map(({ rule }) => lookBackMs(rule))),
    });
    this.#keeper = options.keepers.create({
      name: 'alert rules',
      everyMs: this.#bySeconds.length > 0 ? LOOK_MS.seconds : LOOK_MS.minutes,
      round: () => this.look(),
    });
  }

  start(): void {
    if (this.#options.rules.length === 0) return;
    this.#keeper.start();
    this.#keeper.wake(SECOND_MS);
  }

  stop(): Promise<void> {
    return this.#keeper.stop();
  }

  /** How a rule stood when it was looked at last; null: it was not yet. */
  standing({ name }: AlertRule): Judgement | null {
    return this.#judgements.get(name) ?? null;
  }

  /** Looks now. @throws where the database does not answer as it should; rules are judged all the same */
  async look(): Promise<void> {
    const now = this.#clock.now();
    const steady = this.#clock.steady();
    const apart = this.#before ? now - this.#before.now - (steady - this.#before.steady) : 0;
    this.#before = { now, steady };
    if (Math.abs(apart) > JUMP_MS) {
      this.#setAt = now;
      this.#hasMissed = true;
    }
    const { recorder } = this.#options;
    const seconds = sinceClockWasSet(recorder.seconds).map((each) => ({ ...each, server: recorder.server }));
    for (const each of this.#bySeconds) this.#judge(each, seconds, now);
    if (this.#byMinutes.length === 0 || steady - this.#lookedAt < LOOK_MS.minutes - SECOND_MS / 2) return;
    this.#lookedAt = steady;
    await this.#lookAtMinutes(now);
  }

  async #lookAtMinutes(now: number): Promise<void> {
    const { availability } = this.#options;
    let problem: unknown = null;
    const isUp = availability.isUp;
    try {
      if (isUp) await this.#read(now);
    } catch (error) {
      problem = error;
    }
    this.#book.turnTo(now);
    this.#hasMissed = !isUp || problem !== null;
    // Of what others count nobody knows then: it may be more than this server's own.
    const isBlind = this.#hasMissed && this.#book.hasOthers;
    for (const each of this.#byMinutes) {
      const { metric, comparison } = each.rule.condition;
      if (isBlind && comparison.startsWith('<')) continue;
      this.#judge(each, this.#book.of(metric.every === 'hour' ? 'hours' : 'minutes'), now - LATE_MS);
    }
    if (problem !== null && !isPassing(judgeDatabaseError(problem))) throw problem;
  }

  async #read(now: number): Promise<void> {
    const isHourly = ({ rule }: Watched) => rule.condition.metric.every === 'hour';
    if (!this.#byMinutes.every(isHourly)) await this.#book.read('minutes', now, this.#hasMissed);
    if (this.#byMinutes.some(isHourly)) await this.#book.read('hours', now, this.#hasMissed);
  }

  /** Judges each step that is over since the round before, however late this one comes: what happened in one of them is passed over by none. */
  #judge({ rule, matches }: Watched, stretches: Iterable<StoredStretch>, to: number): void {
    const judgedAt = this.#judgements.get(rule.name)?.at?.getTime() ?? to;
    const passed = Math.min(Math.max(0, to - judgedAt), MOST_PASSED_MS);
    const from = Math.max(to - passed - lookBackMs(rule), this.#setAt);
    const steps = measured(rule.condition, matches, stretches, { from, to });
    for (const [place, { at, isKnown }] of steps.slice(0, -1).entries())
      if (isKnown && at > judgedAt) this.#tell(rule, judge(rule, steps.slice(0, place + 1)));
    this.#tell(rule, judge(rule, steps));
  }

  #tell({ name, condition, alert }: AlertRule, judgement: Judgement): void {
    const { alerts } = this.#options;
    const { state, value } = judgement;
    const isActive = alerts.active.some((each) => each.name === name);
    this.#judgements.set(
      name,
      isActive && state === 'PENDING' ? { ...judgement, state: 'FIRING' } : judgement,
    );
    if (state === 'FIRING' && value !== null) alerts.raise(alert, value);
    if (state === 'OK')
      alerts.clear(
        alert,
        value === null ? 'nothing happened any more' : `it is ${inUnit(condition, value)} now`,
      );
  }
}

/** Those that were measured since the time of day was last set back. */
function sinceClockWasSet(seconds: Recorder['seconds']): Recorder['seconds'] {
  const turn = seconds.findLastIndex(({ at }, place) => at < (seconds[place - 1]?.at ?? at));
  return turn === -1 ? seconds : seconds.slice(turn);
}
