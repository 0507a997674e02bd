import { builder } from '../../graphql/builder.ts';
import { AlertRef, AlertSeverityEnum } from '../alerts/graphql.ts';
import { MetricUnitEnum } from '../metrics/history-graphql.ts';
import type { RuleState } from './judge.ts';
import type { ListedRule } from './listing.ts';
import type { Condition } from './rules.ts';

const AlertRuleStateEnum = builder.enumType('AlertRuleState', {
  description: 'How a rule stands.',
  values: {
    OK: { description: 'What it looks for is not so.' },
    PENDING: { description: 'It is so, but not for long enough.' },
    FIRING: { description: 'It is so for long enough: there is an alert.' },
    NO_DATA: {
      description:
        'Nothing is known, which is neither good nor bad: an alert that there is stays, and none begins.',
    },
  } satisfies Record<RuleState, { description: string }>,
});

const RuleFigureEnum = builder.enumType('AlertRuleFigure', {
  description: 'What of a metric a rule looks at, in each step.',
  values: {
    VALUE: { value: 'value', description: 'Of a counter: how much each second; else the mean.' },
    COUNT: { value: 'count', description: 'How much was counted; of a distribution, of how many.' },
    LOW: { value: 'low', description: 'The lowest reading.' },
    HIGH: { value: 'high', description: 'The highest reading.' },
    P50: { value: 'p50', description: 'The median.' },
    P95: { value: 'p95', description: 'The 95th percentile.' },
    P99: { value: 'p99', description: 'The 99th percentile.' },
  } satisfies Record<string, { value: Condition['figure']; description: string }>,
});

const RuleComparisonEnum = builder.enumType('AlertRuleComparison', {
  description: 'How a value is compared with a threshold.',
  values: {
    GREATER: { value: '>', description: 'It is more.' },
    GREATER_OR_EQUAL: { value: '>=', description: 'It is as much, or more.' },
    LESS: { value: '<', description: 'It is less.' },
    LESS_OR_EQUAL: { value: '<=', description: 'It is as much, or less.' },
  } satisfies Record<string, { value: Condition['comparison']; description: string }>,
});

const ConditionRef = builder.objectRef<Condition>('AlertCondition').implement({
  description: 'What must be so of a metric.',
  fields: (t) => ({
    metric: t.exposeString('written', {
      description:
        'Which metric, `name` or `name{label="value"}`: all its series with these labels together.',
    }),
    figure: t.field({
      type: RuleFigureEnum,
      description: 'What of it.',
      resolve: ({ figure }) => figure,
    }),
    comparison: t.field({
      type: RuleComparisonEnum,
      description: 'How it is compared with the threshold.',
      resolve: ({ comparison }) => comparison,
    }),
    threshold: t.exposeFloat('threshold', { description: 'With what.' }),
    unit: t.field({
      type: MetricUnitEnum,
      description: 'What value and threshold are measured in; of a counter’s value, each second.',
      resolve: ({ metric, figure }) => (figure === 'count' ? 'COUNT' : metric.unit),
    }),
    stepSeconds: t.int({
      description:
        'In steps of so long: of less than a minute on each server for itself, else of all servers together.',
      resolve: ({ stepMs }) => stepMs / 1_000,
    }),
  }),
});

/** A rule of the server itself shows whether its alert is there. */
const stateOf = ({ condition, judgement, active }: ListedRule): RuleState =>
  condition === null ? (active ? 'FIRING' : 'OK') : (judgement?.state ?? 'NO_DATA');

const AlertRuleRef = builder.objectRef<ListedRule>('AlertRule').implement({
  description: 'What raises an alert: the server’s own, and those that the operator has written.',
  fields: (t) => ({
    name: t.string({ description: 'Of its alert.', resolve: ({ alert }) => alert.name }),
    description: t.string({ description: 'What it means, for people.', resolve: ({ alert }) => alert.words }),
    severity: t.field({
      type: AlertSeverityEnum,
      description: 'How bad it is.',
      resolve: ({ alert }) => alert.severity,
    }),
    runbook: t.string({
      nullable: true,
      description:
        'Where it says what to do: a page of the repository with an anchor, or a URL. Null: nowhere.',
      resolve: ({ alert }) => alert.runbook,
    }),
    condition: t.expose('condition', {
      type: ConditionRef,
      nullable: true,
      description: 'What the operator has written. Null: it is the server’s own, which judges by more.',
    }),
    forSeconds: t.exposeFloat('forSeconds', {
      description: 'For how long it must be so before the alert begins.',
    }),
    state: t.field({
      type: AlertRuleStateEnum,
      description: 'How it stands, as the server that answers saw it last.',
      resolve: stateOf,
    }),
    value: t.float({
      nullable: true,
      description:
        'The figure in the latest step that is over. Null: it is not known, nothing happened in it, or it is the server’s own.',
      resolve: ({ judgement }) => judgement?.value ?? null,
    }),
    valueAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When that step began; null: none is known.',
      resolve: ({ judgement }) => judgement?.at ?? null,
    }),
    since: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Since when its condition has been so, as far as it looks back; null: it is not.',
      resolve: ({ judgement }) => judgement?.since ?? null,
    }),
    alert: t.expose('active', {
      type: AlertRef,
      nullable: true,
      description: 'Its alert, whichever server sees it; null: there is none now.',
    }),
  }),
});

builder.queryField('alertRules', (t) =>
  t.field({
    authScopes: { permission: 'METRICS' },
    type: [AlertRuleRef],
    description:
      'What raises alerts, and how it stands: first the rules of `ALERT_RULES`, in their order, then those of the server itself.',
    complexity: { field: 5, multiplier: 20 },
    resolve: (_root, _args, { services }) => services.alertRules.all(services),
  }),
);
