import { builder, HEAVY } from '../../graphql/builder.ts';
import { ownerFor } from '../../ground/ownership.ts';
import { type ChainProblem, type ChainVerification, verifyConversation } from './verify.ts';

const ChainProblemKind = builder.enumType('ChainProblemKind', {
  description: 'What happened to a turn after it was stored.',
  values: {
    ALTERED: { description: 'Its content or a hash is not what it was.' },
    MISSING: { description: 'It is gone.' },
    INSERTED: { description: 'It was put in beside the server.' },
  } satisfies Record<ChainProblem['kind'], { description: string }>,
});

const ChainProblemRef = builder.objectRef<ChainProblem>('ChainProblem').implement({
  description: 'Something that is not as it was stored.',
  fields: (t) => ({
    kind: t.field({
      type: ChainProblemKind,
      description: 'What happened.',
      resolve: (problem) => problem.kind,
    }),
    sequence: t.exposeInt('sequence', { description: 'The position at which it shows.' }),
    turnId: t.exposeID('turnId', { nullable: true, description: 'The turn; null for one that is gone.' }),
  }),
});

const ConversationVerification = builder.objectRef<ChainVerification>('ConversationVerification').implement({
  description: 'Whether the turns of a conversation are as they were stored.',
  fields: (t) => ({
    conversationId: t.exposeString('conversationId', { description: 'The thread.' }),
    intact: t.boolean({
      description: 'Whether nothing was found.',
      resolve: (found) => found.problems.length === 0,
    }),
    turns: t.exposeInt('turns', { description: 'Turns that were looked at.' }),
    deleted: t.exposeInt('deleted', {
      description: 'Turns that were deleted one by one; their marks stand for them in the chain.',
    }),
    problems: t.field({
      type: [ChainProblemRef],
      description: 'What was found, at most 100.',
      resolve: (found) => [...found.problems],
    }),
  }),
});

builder.queryField('verifyConversation', (t) =>
  t.field({
    extensions: HEAVY,
    type: ConversationVerification,
    description: 'Recomputes the hash chain of a conversation.',
    complexity: 500,
    args: {
      conversationId: t.arg.string({ required: true, description: 'The name of the thread.' }),
      userId: t.arg.string({
        description: 'Whose it is, for those who may act for others; absent: the caller’s own.',
      }),
    },
    resolve: (_root, { conversationId, userId }, { services, principal }) =>
      verifyConversation(services.db, ownerFor(principal, userId), conversationId),
  }),
);
