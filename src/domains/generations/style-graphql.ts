import { builder } from '../../graphql/builder.ts';
import { CharacterRef } from '../characters/graphql.ts';
import { GenerationRef } from './graphql.ts';
import { BAD, GOOD, PRIOR, PRIOR_RATINGS, SHOWN, shrunkMean, styleOf } from './style.ts';
import type { LearnedStyle, StyleKind, StyleRow } from './tables.ts';

const StyleInsightRef = builder.objectRef<StyleRow>('StyleInsight').implement({
  description: 'Something that pictures of a character have in common, and how they were rated.',
  fields: (t) => ({
    value: t.exposeString('value', {
      complexity: 0,
      description:
        'An element of style in small letters, a seed, the name of a workflow, or a size as `512x768`.',
    }),
    ratings: t.exposeInt('ratings', { complexity: 0, description: 'Pictures with it that were rated.' }),
    mean: t.float({
      complexity: 0,
      description: 'Mean of their ratings, 0 to 1; a rating is the mean of its scores.',
      resolve: ({ total, ratings }) => Math.min(1, Math.max(0, total / ratings)),
    }),
    score: t.float({
      complexity: 0,
      description: `The mean, drawn towards ${PRIOR} so that few ratings are no certainty, 0 to 1: (sum of the ratings + ${PRIOR_RATINGS} × ${PRIOR}) / (their number + ${PRIOR_RATINGS}).`,
      resolve: ({ total, ratings }) => shrunkMean(total, ratings),
    }),
  }),
});

const StyleInsightsRef = builder.objectRef<readonly StyleRow[]>('StyleInsights').implement({
  description: `What the caller’s ratings say of a character’s style: of each kind the best ${SHOWN}, best first.`,
  fields: (t) => {
    const those = (kind: StyleKind, description: string) =>
      t.field({
        type: [StyleInsightRef],
        complexity: 0,
        description,
        resolve: (rows) => rows.filter((row) => row.kind === kind),
      });
    return {
      elements: those('ELEMENT', 'Elements of style that stood in prompts.'),
      seeds: those('SEED', 'Seeds.'),
      workflows: those('WORKFLOW', 'Workflows.'),
      sizes: those('SIZE', 'Widths and heights.'),
    };
  },
});

builder.objectFields(CharacterRef, (t) => ({
  styleInsights: t.field({
    type: StyleInsightsRef,
    description: `What good pictures of the character have in common, by the caller’s own ratings. \`useStyle\` of \`generateImage\` goes by it: what has a score from ${GOOD} on is used, elements up to ${BAD} are left out.`,
    resolve: ({ id }, _args, { loader, services, principal }) =>
      loader({
        name: 'style of character',
        load: (ids: readonly number[]) => styleOf(services.db, principal, ids),
        key: id,
      }),
  }),
}));

const LearnedStyleRef = builder.objectRef<LearnedStyle>('LearnedStyle').implement({
  description: 'What ratings decided of a picture that was asked for with `useStyle`.',
  fields: (t) => ({
    added: t.stringList({
      complexity: 0,
      description: 'Elements of style that were put first, the best first.',
      resolve: ({ added }) => [...added],
    }),
    leftOut: t.stringList({
      complexity: 0,
      description: 'Elements of the profile that were left out.',
      resolve: ({ leftOut }) => [...leftOut],
    }),
    seed: t.float({
      complexity: 0,
      nullable: true,
      description: 'The seed; null: it was given, or none is good.',
      resolve: ({ seed }) => seed,
    }),
    workflow: t.string({
      complexity: 0,
      nullable: true,
      description: 'The workflow; null: it was given, or none is good.',
      resolve: ({ workflow }) => workflow,
    }),
    size: t.string({
      complexity: 0,
      nullable: true,
      description: 'Width and height, as `512x768`; null: one was given, or none is good.',
      resolve: ({ size }) => size,
    }),
  }),
});

builder.objectFields(GenerationRef, (t) => ({
  elements: t.stringList({
    complexity: 0,
    description: 'Elements of style in the prompt, for which a rating counts.',
    resolve: ({ elements }) => [...elements],
  }),
  learned: t.expose('learned', {
    complexity: 0,
    type: LearnedStyleRef,
    nullable: true,
    description: 'What ratings decided of it; null: it was asked for without `useStyle`.',
  }),
}));
