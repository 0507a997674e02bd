import { builder } from '../../graphql/builder.ts';
import { connect, numberCursor } from '../../graphql/connections.ts';
import { scopeOf } from '../../ground/ownership.ts';
import { FactSourceFieldEnum } from '../facts/graphql.ts';
import { InteractionRef, loadInteraction } from '../interactions/graphql.ts';
import { CreateTaskResult } from '../tasks/changes-graphql.ts';
import { REFUSALS_SHOWN, refusalsOf, runPage } from './reads.ts';
import { requestLearning } from './requests.ts';
import { type LearningStatus, learningStatus } from './status.ts';
import type { LearningRefusalRow, LearningRunRow } from './tables.ts';

const LearningRefusalRef = builder.objectRef<LearningRefusalRow>('LearningRefusal').implement({
  description: 'Statements of a turn that were not taken; what they said is not repeated.',
  fields: (t) => ({
    interaction: t.field({
      type: InteractionRef,
      nullable: true,
      description: 'The turn; null: it was deleted.',
      resolve: ({ turnId }, _args, context) => loadInteraction(context, turnId),
    }),
    field: t.field({
      type: FactSourceFieldEnum,
      nullable: true,
      description: 'Which side of the turn; null: that is not known.',
      resolve: ({ field }) => (field === '' ? null : field),
    }),
    reason: t.exposeString('reason', { description: 'Why they were not taken.' }),
    count: t.exposeInt('count', { description: 'How many.' }),
  }),
});

const LearningRunRef = builder.objectRef<LearningRunRow>('LearningRun').implement({
  description:
    'What one task learned from one user’s turns. There is none where nothing waited. Kept for TASKS_RETENTION_DAYS.',
  fields: (t) => ({
    runId: t.exposeID('runId', { description: 'Its id, which the changes that it made have, too.' }),
    userId: t.exposeString('userId', { description: 'Whose turns they were.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it began with these turns.' }),
    endedAt: t.expose('endedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was through; null: it is under way, or was cut off.',
    }),
    turnsSeen: t.exposeInt('turnsSeen', { description: 'Turns that it learned from.' }),
    added: t.exposeInt('added', { description: 'Facts that were not known.' }),
    merged: t.exposeInt('merged', { description: 'Facts that were said once more.' }),
    superseded: t.exposeInt('superseded', { description: 'Facts that held before, and do not any more.' }),
    refused: t.exposeInt('refused', { description: 'Statements that were not taken.' }),
    failedBatches: t.exposeInt('failedBatches', {
      description:
        'Requests to the model that gave nothing that could be used; rules learned from these turns.',
    }),
    modelUsed: t.exposeString('modelUsed', {
      nullable: true,
      description: 'The model that was asked; null: only rules learned.',
    }),
    tokensIn: t.exposeInt('tokensIn', {
      nullable: true,
      description: 'Tokens of the requests, as the provider counted.',
    }),
    tokensOut: t.exposeInt('tokensOut', {
      nullable: true,
      description: 'Tokens of the answers, as the provider counted.',
    }),
    cost: t.float({
      nullable: true,
      description: 'What the model cost, in the currency of LLM_PRICES; null: no price is known.',
      resolve: ({ cost }) => (cost === null ? null : Number(cost)),
    }),
    refusals: t.field({
      type: [LearningRefusalRef],
      description: `What was not taken, by turn; at most ${REFUSALS_SHOWN}.`,
      complexity: { field: 1, multiplier: 4 },
      resolve: ({ id }, _args, { loader, services, principal }) =>
        loader({
          name: 'refusals of a learning run',
          load: (runs: readonly number[]) => refusalsOf(services.db, principal.tenantId, runs),
          key: id,
        }),
    }),
  }),
});

const LearningStatusRef = builder.objectRef<LearningStatus>('LearningStatus').implement({
  description:
    'How far learning from the caller’s turns is; for who may act for others: from all of the tenant.',
  fields: (t) => ({
    turnsWaiting: t.int({
      description: 'Turns that nothing was learned from yet.',
      resolve: ({ waiting }) => waiting.turns,
    }),
    oldestWaitingSeconds: t.float({
      description: 'For how long the oldest of them has waited; 0 if none does.',
      resolve: ({ waiting }) => waiting.oldestSeconds,
    }),
    lastRun: t.expose('lastRun', {
      type: LearningRunRef,
      nullable: true,
      description: 'The latest run over them; null: there was none.',
    }),
    nextRunAt: t.expose('nextRunAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the server learns by itself again; null: that is not planned here.',
    }),
  }),
});

const newestFirst = numberCursor<LearningRunRow>(({ id }) => id);

const LearningRunConnection = builder.connectionObject(
  { type: LearningRunRef, name: 'LearningRunConnection' },
  { name: 'LearningRunEdge' },
);

builder.queryFields((t) => ({
  learningRuns: t.connection(
    {
      type: LearningRunRef,
      description:
        'What was learned from the caller’s turns, run by run, newest first; for who may act for others: from all of the tenant.',
      resolve: (_root, args, { services, principal }) =>
        connect(args, newestFirst, (page) => runPage(services.db, scopeOf(principal), page)),
    },
    LearningRunConnection,
  ),
  learningStatus: t.field({
    type: LearningStatusRef,
    description:
      'How far learning from the caller’s turns is; for who may act for others: from all of the tenant.',
    complexity: 10,
    resolve: (_root, _args, { services, principal }) => {
      const scope = scopeOf(principal);
      return services.shared.of(['learning status', scope], () => learningStatus(services, scope));
    },
  }),
}));

builder.mutationField('runLearning', (t) =>
  t.field({
    type: CreateTaskResult,
    description:
      'Learns facts from those of the caller’s turns that nothing was learned from yet, in the background; where an admin asks, from everybody’s, as it happens every hour by itself. While a task for it waits, that one is the answer.',
    resolve: async (_root, _args, { services, principal }) => ({
      task: await requestLearning(services, principal),
    }),
  }),
);
