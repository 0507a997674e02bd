import { builder } from '../../graphql/builder.ts';
import type { ObjectiveState } from './tracker.ts';

const SloStateEnum = builder.enumType('SloState', {
  description: 'How an objective stands.',
  values: {
    NO_DATA: { description: 'Nothing that it is about has happened within its window.' },
    OK: { description: 'Its budget lasts.' },
    BURNING: { description: 'At this rate the budget will not last; a warning was raised.' },
    BURNING_FAST: { description: 'At this rate the budget is gone in days; a critical alert was raised.' },
    EXHAUSTED: { description: 'More has failed within the window than the objective allows.' },
  } as const,
});

function stateOf({ total, burning, budgetLeft }: ObjectiveState) {
  if (burning.has('fast')) return 'BURNING_FAST' as const;
  if (burning.has('slow')) return 'BURNING' as const;
  if (total === 0) return 'NO_DATA' as const;
  return budgetLeft !== null && budgetLeft < 0 ? ('EXHAUSTED' as const) : ('OK' as const);
}

const BurnRateRef = builder.objectRef<ObjectiveState['burnRates'][number]>('BurnRate').implement({
  description: 'How fast the error budget burned in the last minutes.',
  fields: (t) => ({
    minutes: t.exposeInt('minutes', { description: 'In so many minutes up to now.' }),
    rate: t.exposeFloat('rate', {
      nullable: true,
      description:
        'In multiples of what is allowed; 1: so fast that the budget lasts for exactly the window. Null: nothing happened.',
    }),
  }),
});

const SloRef = builder.objectRef<ObjectiveState>('Slo').implement({
  description:
    'A service level objective: what is promised of most events over a window of days, of all servers together.',
  fields: (t) => ({
    name: t.string({ description: 'Which one.', resolve: ({ objective }) => objective.name }),
    description: t.string({
      description: 'Which events keep it, for people.',
      resolve: ({ objective }) => objective.words,
    }),
    target: t.float({
      description: 'Share of the events that should keep it, 0 to 1.',
      resolve: ({ target }) => target.share,
    }),
    limitSeconds: t.float({
      nullable: true,
      description: 'What an event may take; null: it keeps the objective or does not.',
      resolve: ({ target }) => target.limitSeconds,
    }),
    windowDays: t.exposeInt('windowDays', { description: 'The days up to now that count.' }),
    state: t.field({ type: SloStateEnum, description: 'How it stands.', resolve: stateOf }),
    total: t.exposeFloat('total', { description: 'Events within the window.' }),
    bad: t.exposeFloat('bad', { description: 'Of these, events that failed it.' }),
    attained: t.float({
      nullable: true,
      description: 'Share that kept it, 0 to 1; null: nothing happened.',
      resolve: ({ total, bad }) => (total === 0 ? null : 1 - bad / total),
    }),
    budgetLeft: t.exposeFloat('budgetLeft', {
      nullable: true,
      description:
        'Share of the error budget that is left; below 0: more has failed than it allows. Null: nothing happened.',
    }),
    burnRates: t.field({
      type: [BurnRateRef],
      description: 'How fast it burns, over an hour, six hours, a day and three days.',
      resolve: ({ burnRates }) => [...burnRates],
    }),
  }),
});

builder.queryField('slos', (t) =>
  t.field({
    authScopes: { permission: 'METRICS' },
    type: [SloRef],
    description: 'How the objectives of the server stand; those that are off are not there.',
    complexity: 20,
    resolve: async (_root, _args, { services }) => [...(await services.objectives.standing())],
  }),
);
