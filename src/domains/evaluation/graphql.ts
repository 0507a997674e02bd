import { builder } from '../../graphql/builder.ts';
import { CreateTaskResult } from '../tasks/changes-graphql.ts';
import { MAX_EVIDENCE, MAX_QUESTION_LENGTH, MAX_QUESTIONS } from './evaluate.ts';
import { requestEvaluation } from './requests.ts';

const GoldenQuestion = builder.inputType('GoldenQuestion', {
  description: 'A question whose answer is known.',
  fields: (t) => ({
    question: t.string({
      required: true,
      description: `What is asked, 1 to ${MAX_QUESTION_LENGTH} characters.`,
    }),
    turnIds: t.idList({
      required: true,
      description: `The turns that answer it, 1 to ${MAX_EVIDENCE}, of the user whose memory is asked.`,
    }),
  }),
});

const GoldenSet = builder.inputType('GoldenSet', {
  description: 'Questions by which a search is judged.',
  fields: (t) => ({
    questions: t.field({
      type: [GoldenQuestion],
      required: true,
      description: `1 to ${MAX_QUESTIONS}; all together at most 65,536 bytes of JSON.`,
    }),
  }),
});

builder.mutationField('evaluateMemory', (t) =>
  t.field({
    type: CreateTaskResult,
    description:
      'Asks `memorySearch` questions whose answers are known, in the background, and counts how much of these is found. The result of the task has recall at 5, 10, 20 and 50, MRR and nDCG at 10 (0 to 1), milliseconds, the tokens of ten hits, what was missed, how the search is configured (with a hash), and the changes since the last evaluation of the same set. `tasks(filter: { type: "evaluate_memory" })` is the history.',
    args: {
      set: t.arg({ type: GoldenSet, required: true, description: 'What is asked.' }),
      userId: t.arg.string({
        description: 'Another user, for those who may act for others; absent: the caller.',
      }),
    },
    resolve: async (_root, { set, userId }, { services, principal }) => ({
      task: await requestEvaluation(services, principal, { set, userId }),
    }),
  }),
);
