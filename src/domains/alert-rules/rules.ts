import type { AlertRuleSetting, RuleComparison, RuleFigure } from '../../config/alert-rules.ts';
import { ACTIVITY_KINDS } from '../../ground/activity.ts';
import { type AlertKind, alertsOf, type ServerPromise } from '../../ground/promise.ts';
import {
  ACTIVITY_TOTAL,
  type MetricKind,
  RECORDED,
  RECORDED_BY_NAME,
  type RecordedMetric,
} from '../metrics/recorded.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../metrics/recorder.ts';
import { seriesOf } from '../metrics/sample.ts';
import { parseSelector, type Selector } from '../metrics/selector.ts';
import { duration, withUnit } from '../metrics/words.ts';

/** What must be so of a metric. */
export interface Condition {
  readonly metric: RecordedMetric;
  /** As Prometheus writes it, with the labels that are asked for. */
  readonly written: string;
  readonly selector: Selector;
  /** Of each step. */
  readonly figure: RuleFigure;
  readonly comparison: RuleComparison;
  readonly threshold: number;
  readonly stepMs: number;
}

/** An alert that the operator wants: while a condition holds, after it has held for some time. */
export interface AlertRule {
  readonly name: string;
  readonly condition: Condition;
  readonly forMs: number;
  readonly alert: AlertKind<number>;
}

const FIGURES: Readonly<Record<MetricKind, readonly RuleFigure[]>> = {
  COUNTER: ['value', 'count'],
  GAUGE: ['value', 'low', 'high'],
  DISTRIBUTION: ['value', 'count', 'p50', 'p95', 'p99'],
};
const READ_MS: Readonly<Record<RecordedMetric['every'], number>> = {
  second: SECOND_MS,
  minute: MINUTE_MS,
  hour: HOUR_MS,
};
const EVENTS = Object.keys(ACTIVITY_KINDS);

/**
 * What is wrong with rules, each with its place; for an operator, before anything is opened.
 *
 * @param promises whose alerts have names of their own
 */
export function ruleProblems(
  settings: readonly AlertRuleSetting[],
  promises: readonly ServerPromise<never>[],
): string[] {
  const taken = new Set(promises.flatMap(alertsOf).map(({ name }) => name));
  return settings.flatMap((setting, place) => {
    const name = taken.has(setting.name)
      ? [`name: "${setting.name}" is an alert of the server itself; another name is needed`]
      : [];
    return [...name, ...problemsOf(setting)].map((problem) => `ALERT_RULES: ${place}.${problem}`);
  });
}

/** Of one: its metric or event, and what can be asked of these. */
function problemsOf({ metric: written, event, figure, stepSeconds }: AlertRuleSetting): string[] {
  if (event !== undefined)
    return EVENTS.includes(event)
      ? []
      : [`event: there is no event "${event}"; there are ${EVENTS.join(', ')}`];
  const selector = parseSelector(written ?? '');
  if (!selector) return [`metric: must look like NAME, or NAME{label="value"}, not "${written}"`];
  const metric = RECORDED_BY_NAME.get(selector.name);
  if (!metric) {
    const names = RECORDED.map(({ name }) => name);
    return [`metric: there is no metric "${selector.name}"; there are ${names.join(', ')}`];
  }
  const labels = metric.labels.length > 0 ? `it has ${metric.labels.join(', ')}` : 'it has none';
  const figures = FIGURES[metric.kind];
  const readMs = READ_MS[metric.every];
  return [
    ...Object.keys(selector.labels)
      .filter((label) => !metric.labels.includes(label))
      .map((label) => `metric: ${metric.name} has no label "${label}"; ${labels}`),
    ...(figure !== undefined && !figures.includes(figure)
      ? [`figure: must be one of ${figures.join(', ')} of ${metric.name}, not "${figure}"`]
      : []),
    ...((stepSeconds * SECOND_MS) % readMs === 0
      ? []
      : [
          `stepSeconds: ${metric.name} is read every ${duration(readMs / SECOND_MS)}; it must be a multiple of ${readMs / SECOND_MS}, not ${stepSeconds}`,
        ]),
  ];
}

/** Rules of which `ruleProblems` knows nothing bad. */
export function rulesOf(settings: readonly AlertRuleSetting[]): AlertRule[] {
  return settings.flatMap((setting) => {
    const { name, words = null, event, severity, runbook = null, comparison, threshold } = setting;
    const written = event === undefined ? (setting.metric ?? '') : seriesOf(ACTIVITY_TOTAL, { kind: event });
    const selector = parseSelector(written);
    const metric = selector && RECORDED_BY_NAME.get(selector.name);
    if (!selector || !metric) return [];
    const figure = event === undefined ? (setting.figure ?? 'value') : 'count';
    const stepMs = setting.stepSeconds * SECOND_MS;
    const condition = { metric, written, selector, figure, comparison, threshold, stepMs };
    const forMs = setting.forSeconds * SECOND_MS;
    const message = (value: number) =>
      `${words === null ? '' : `${words}: `}${messageOf(condition, forMs, value)}`;
    return [{ name, condition, forMs, alert: { name, severity, words: words ?? written, runbook, message } }];
  });
}

const IS: Readonly<Record<RuleComparison, string>> = {
  '>': 'more than',
  '>=': 'at least',
  '<': 'less than',
  '<=': 'at most',
};

const figureWords = ({ figure, metric, stepMs }: Condition): string => {
  const step = duration(stepMs / SECOND_MS);
  if (figure === 'count') return `count in ${step}`;
  if (figure !== 'value') return `${figure} of ${step}`;
  return metric.kind === 'COUNTER' ? `each second, in ${step}` : `mean of ${step}`;
};

/** `echo_cpu_ratio (mean of 1 min) is 93 %, more than 80 %, for at least 5 min`. */
function messageOf(condition: Condition, forMs: number, value: number): string {
  const { written, comparison, threshold } = condition;
  const held = forMs > 0 ? `, for at least ${duration(forMs / SECOND_MS)}` : '';
  return `${written} (${figureWords(condition)}) is ${inUnit(condition, value)}, ${IS[comparison]} ${inUnit(condition, threshold)}${held}`;
}

/** A value of a condition, for people. */
export function inUnit({ metric, figure }: Condition, value: number): string {
  return withUnit(value, figure === 'count' && metric.kind === 'DISTRIBUTION' ? 'COUNT' : metric.unit);
}

const COMPARE: Readonly<Record<RuleComparison, (value: number, threshold: number) => boolean>> = {
  '>': (value, threshold) => value > threshold,
  '>=': (value, threshold) => value >= threshold,
  '<': (value, threshold) => value < threshold,
  '<=': (value, threshold) => value <= threshold,
};

/** Whether a value is what a condition wants. */
export function holds({ comparison, threshold }: Condition, value: number): boolean {
  return COMPARE[comparison](value, threshold);
}
