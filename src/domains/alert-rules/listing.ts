import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { type AlertKind, alertsOf, type ServerPromise } from '../../ground/promise.ts';
import { type Alert, type AlertBoard, activeAlerts } from '../alerts/alerts.ts';
import type { Judgement } from './judge.ts';
import type { AlertRule, Condition } from './rules.ts';
import type { RuleWatch } from './watch.ts';

/** What raises an alert, and how it stands. */
export interface ListedRule {
  readonly alert: AlertKind<never>;
  /** Null: the server judges by itself, by more than a metric. */
  readonly condition: Condition | null;
  readonly forSeconds: number;
  /** Null: nobody has looked yet, or there is nothing to look at. */
  readonly judgement: Judgement | null;
  /** The alert of it that has not ended, whichever server sees it; null: there is none. */
  readonly active: Alert | null;
}

/** All that raise alerts: those of the server itself, and those that the operator has written. */
export class RuleList {
  readonly #promises: readonly ServerPromise<never>[];
  readonly #rules: readonly AlertRule[];
  readonly #watch: Pick<RuleWatch, 'standing'>;

  constructor(
    promises: readonly ServerPromise<never>[],
    rules: readonly AlertRule[],
    watch: Pick<RuleWatch, 'standing'>,
  ) {
    this.#promises = promises;
    this.#rules = rules;
    this.#watch = watch;
  }

  /** The operator's first, in their order. */
  async all(services: {
    readonly db: Database;
    readonly availability: Pick<Availability, 'tolerate'>;
    readonly alerts: AlertBoard;
  }): Promise<ListedRule[]> {
    // First, so that what fires by them has its alert by then.
    const judgements = this.#rules.map((rule) => this.#watch.standing(rule));
    const active = new Map((await activeAlerts(services)).map((alert) => [alert.name, alert]));
    const of = (alert: AlertKind<never>) => ({ alert, active: active.get(alert.name) ?? null });
    const own = this.#rules.map((rule, place) => ({
      ...of(rule.alert),
      ...{ condition: rule.condition, forSeconds: rule.forMs / 1_000 },
      judgement: judgements[place] ?? null,
    }));
    const built = this.#promises.flatMap((promise) =>
      alertsOf(promise).map((alert) => ({
        ...of(alert),
        ...{ condition: null, judgement: null },
        forSeconds: alert === promise.alert ? promise.steadySeconds : 0,
      })),
    );
    return [...own, ...built];
  }
}
