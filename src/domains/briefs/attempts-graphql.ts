import { builder } from '../../graphql/builder.ts';
import * as limits from './limits.ts';
import type { BriefAttemptRow, Writer } from './tables.ts';
import { averageOf, passes } from './working.ts';

const WriterEnum = builder.enumType('BriefWriter', {
  description: 'Who wrote a text.',
  values: {
    MODEL: { description: 'The model of `LLM_BRIEF_MODEL`.' },
    PERSON: { description: 'Somebody, by `editBrief`.' },
  } satisfies Record<Writer, { description: string }>,
});

/** What a call of a model took, as fields of its type. */
interface CallUse {
  readonly model: string | null;
  readonly template: string | null;
  readonly milliseconds: number | null;
  readonly tokensIn: number | null;
  readonly tokensOut: number | null;
  readonly cost: string | null;
}

const CallRef = builder.objectRef<CallUse>('BriefCall').implement({
  description: 'What it took to ask a model for a text, or for a verdict.',
  fields: (t) => ({
    model: t.exposeString('model', {
      complexity: 0,
      nullable: true,
      description: 'The provider’s id of the model.',
    }),
    template: t.exposeString('template', {
      complexity: 0,
      nullable: true,
      description: 'Version of the words in which it was asked.',
    }),
    milliseconds: t.exposeInt('milliseconds', {
      complexity: 0,
      nullable: true,
      description: 'How long that took, waiting for its turn included.',
    }),
    tokensIn: t.exposeInt('tokensIn', {
      complexity: 0,
      nullable: true,
      description: 'Tokens that it read; null: they were not counted.',
    }),
    tokensOut: t.exposeInt('tokensOut', {
      complexity: 0,
      nullable: true,
      description: 'Tokens that it wrote; null: they were not counted.',
    }),
    cost: t.float({
      complexity: 0,
      nullable: true,
      description: 'In the unit of `LLM_PRICES`; null: nobody knows.',
      resolve: ({ cost }) => (cost === null ? null : Number(cost)),
    }),
  }),
});

const JudgingRef = builder.objectRef<BriefAttemptRow>('BriefJudging').implement({
  description: 'What a judge said of a text.',
  fields: (t) => {
    const score = (name: 'clarity' | 'accuracy' | 'completeness' | 'tone', description: string) =>
      t.exposeInt(name, {
        complexity: 0,
        nullable: true,
        description: `${description}, 0 to 100; null: there is no verdict.`,
      });
    return {
      clarity: score('clarity', 'How well it is understood at the first reading'),
      accuracy: score('accuracy', 'Whether nothing in it is wrong, invented, or against the brief'),
      completeness: score('completeness', 'Whether everything is there that the brief asks for'),
      tone: score('tone', 'Whether it is right for whom and what it is for'),
      average: t.float({
        complexity: 0,
        nullable: true,
        description: 'The mean of the four; null: there is no verdict.',
        resolve: (row) => averageOf(row),
      }),
      critique: t.exposeString('critique', {
        complexity: 0,
        nullable: true,
        description: 'What has to change; null: there is no verdict.',
      }),
      problem: t.exposeString('judgingProblem', {
        complexity: 0,
        nullable: true,
        description: 'Why there is no verdict; null: there is one.',
      }),
      timesAsked: t.exposeInt('judgings', {
        complexity: 0,
        description: `How often the judge was asked, at most ${limits.MAX_JUDGINGS} times.`,
      }),
      call: t.field({
        type: CallRef,
        complexity: 0,
        description: 'What that took, all times together.',
        resolve: (row) => ({
          ...{ model: row.judge, template: row.judgingTemplate, milliseconds: row.judgingMs },
          ...{ tokensIn: row.judgingTokensIn, tokensOut: row.judgingTokensOut, cost: row.judgingCost },
        }),
      }),
      judgedAt: t.expose('judgedAt', {
        complexity: 0,
        type: 'DateTime',
        nullable: true,
        description: 'When it was said.',
      }),
    };
  },
});

export const AttemptRef = builder.objectRef<BriefAttemptRow>('BriefAttempt').implement({
  description: 'A text of a brief, how it was judged, and what that took.',
  fields: (t) => ({
    number: t.exposeInt('number', {
      complexity: 0,
      description: 'From 1, in the order in which they came.',
    }),
    writer: t.expose('writer', { type: WriterEnum, complexity: 0, description: 'Who wrote it.' }),
    output: t.exposeString('output', { complexity: 0, description: 'The text.' }),
    writtenAt: t.expose('writtenAt', {
      complexity: 0,
      type: 'DateTime',
      description: 'When it was stored.',
    }),
    finishReason: t.exposeString('finishReason', {
      complexity: 0,
      nullable: true,
      description:
        'How the model’s answer ended: stop, length (it is cut), content_filter or other; null: a person wrote it.',
    }),
    writing: t.field({
      type: CallRef,
      complexity: 0,
      nullable: true,
      description: 'What it took to have it written; null: a person wrote it.',
      resolve: (row) =>
        row.writer === 'PERSON'
          ? null
          : {
              ...{ model: row.model, template: row.writingTemplate, milliseconds: row.writingMs },
              ...{ tokensIn: row.writingTokensIn, tokensOut: row.writingTokensOut, cost: row.writingCost },
            },
    }),
    judging: t.field({
      type: JudgingRef,
      complexity: 0,
      nullable: true,
      description: 'What the judge said; null: it was not asked, or is at it.',
      resolve: (row) => (row.judgedAt === null ? null : row),
    }),
    passed: t.boolean({
      complexity: 0,
      description: `Whether the mean is at least ${limits.PASSES_FROM}, and no criterion below ${limits.NONE_BELOW}.`,
      resolve: passes,
    }),
  }),
});
