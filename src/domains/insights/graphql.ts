import { builder, HEAVY } from '../../graphql/builder.ts';
import type { Context } from '../../graphql/context.ts';
import { CharacterRef, loadCharacter } from '../characters/graphql.ts';
import {
  type Count,
  type Insights,
  insightsSince,
  MAX_PERIODS,
  type PeriodInsights,
  TOP,
  TOP_OF_PERIOD,
  TOPIC_TURNS,
} from './insights.ts';

const InsightPeriodEnum = builder.enumType('InsightPeriodUnit', {
  description: 'How time is cut.',
  values: {
    DAY: { value: 'day', description: 'Days of the user, for up to 62 of them.' },
    WEEK: { value: 'week', description: 'Weeks from Monday on, for up to 400 days.' },
    MONTH: { value: 'month', description: 'Months, for longer times.' },
  } as const,
});

const CountedWordRef = builder.objectRef<Count<string | null>>('CountedWord').implement({
  description: 'How many turns had something.',
  fields: (t) => ({
    name: t.exposeString('value', {
      nullable: true,
      description: 'What; null: the intent of turns that nobody classified, as recorded ones.',
    }),
    turns: t.exposeInt('count', { description: 'How many turns.' }),
  }),
});

const CountedCharacterRef = builder
  .objectRef<{ character: typeof CharacterRef.$inferType; count: number }>('CountedCharacter')
  .implement({
    description: 'How many turns named a character.',
    fields: (t) => ({
      character: t.expose('character', { type: CharacterRef, description: 'Who.' }),
      turns: t.exposeInt('count', { description: 'How many turns.' }),
    }),
  });

const CountedHourRef = builder.objectRef<{ hour: number; count: number }>('CountedHour').implement({
  description: 'How many turns were said in an hour of the day.',
  fields: (t) => ({
    hour: t.exposeInt('hour', { description: '0 to 23, in the time zone of the user.' }),
    turns: t.exposeInt('count', { description: 'How many turns.' }),
  }),
});

const LIST = { field: 1, multiplier: 4 };

/** Characters by their ids, without those that the caller does not know. */
async function known(context: Context, counts: readonly Count<number>[]) {
  const characters = await Promise.all(counts.map(({ value }) => loadCharacter(context, value)));
  return counts.flatMap(({ count }, at) => {
    const character = characters[at];
    return character ? { character, count } : [];
  });
}

const InsightPeriodRef = builder.objectRef<PeriodInsights>('InsightPeriod').implement({
  description: `What was said in one day, week or month; at most ${TOP_OF_PERIOD} of each kind, the most frequent first.`,
  fields: (t) => ({
    start: t.expose('start', {
      type: 'DateTime',
      description: 'When it begins, in the time zone of the user.',
    }),
    turns: t.exposeInt('turns', { description: 'Turns in it.' }),
    intents: t.field({
      type: [CountedWordRef],
      description: 'What they asked for.',
      resolve: ({ intents }) => [...intents],
    }),
    topics: t.field({
      type: [CountedWordRef],
      description: 'What they were about.',
      resolve: ({ topics }) => [...topics],
    }),
    characters: t.field({
      type: [CountedCharacterRef],
      description: 'Whom they named.',
      resolve: ({ characters }, _args, context) => known(context, characters),
    }),
  }),
});

const InsightsRef = builder.objectRef<Insights>('Insights').implement({
  description: `What was said since an instant, counted; at most ${TOP} of each kind, the most frequent first.`,
  fields: (t) => ({
    since: t.expose('since', { type: 'DateTime', description: 'From when on.' }),
    until: t.expose('until', { type: 'DateTime', description: 'Up to when: now.' }),
    timeZone: t.exposeString('timeZone', { description: 'In which days and hours are counted: the user’s.' }),
    turns: t.exposeInt('turns', { description: 'All turns of that time, also those in the archive.' }),
    intents: t.field({
      type: [CountedWordRef],
      description: 'What they asked for.',
      complexity: LIST,
      resolve: ({ intents }) => [...intents],
    }),
    topics: t.field({
      type: [CountedWordRef],
      description: `What they were about, by rules: words that are not frequent in their language, in any of their forms, of two turns at least. Of the latest ${TOPIC_TURNS} turns only.`,
      complexity: LIST,
      resolve: ({ topics }) => [...topics],
    }),
    topicTurns: t.exposeInt('topicTurns', { description: 'Turns that topics were looked for in.' }),
    characters: t.field({
      type: [CountedCharacterRef],
      description: 'Whom they named.',
      complexity: LIST,
      resolve: ({ characters }, _args, context) => known(context, characters),
    }),
    hours: t.field({
      type: [CountedHourRef],
      description: 'At which hours of the day; hours without turns are absent.',
      complexity: LIST,
      resolve: ({ hours }) => [...hours],
    }),
    periodUnit: t.field({
      type: InsightPeriodEnum,
      description: 'What the periods are.',
      resolve: ({ period }) => period,
    }),
    periods: t.field({
      type: [InsightPeriodRef],
      description: `The same over time, oldest first; those without turns are absent, the latest ${MAX_PERIODS} at most.`,
      complexity: { field: 1, multiplier: 10 },
      resolve: ({ periods }) => [...periods],
    }),
  }),
});

builder.queryField('insights', (t) =>
  t.field({
    type: InsightsRef,
    extensions: HEAVY,
    description: 'What the caller’s turns were about, over time.',
    complexity: 20,
    args: {
      since: t.arg({ type: 'DateTime', description: 'From when on; absent: the last 30 days.' }),
    },
    resolve: (_root, { since }, { services, principal }) => insightsSince(services, principal, since),
  }),
);
