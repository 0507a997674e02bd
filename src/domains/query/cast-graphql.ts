import { InvalidInput, NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { ownerFor } from '../../ground/ownership.ts';
import { ConversationRef, UpdateConversationSuccess } from '../conversations/graphql.ts';
import { greetingsIn, MAX_CAST, MAX_GREETINGS, setConversationCharacters } from './cast.ts';

builder.objectFields(ConversationRef, (t) => ({
  character: t.string({
    complexity: 0,
    nullable: true,
    description: 'The full name of the first character who answers in it; null: the assistant answers.',
    resolve: ({ characters: [first] }) => first ?? null,
  }),
  characters: t.stringList({
    complexity: 0,
    description:
      'Full names of the characters who answer in it, in their order: the one whom a message names, else the one who answered last, else the first. One who is not active any more does not answer. Empty: the assistant answers.',
    resolve: ({ characters }) => characters,
  }),
  greeting: t.string({
    nullable: true,
    description:
      'With what the first of its characters began it, in the words that a model is told, macros replaced; null: no character answers, or the card has no greeting.',
    resolve: ({ tenantId, userId, conversationId, characters, greeting }, _args, { loader, services }) =>
      characters.length === 0
        ? null
        : loader({
            name: 'greeting of conversation',
            load: (places: readonly Parameters<typeof greetingsIn>[1][number][]) =>
              greetingsIn(services, places),
            key: { tenantId, userId, conversationId, characters, greeting },
          }),
  }),
}));

builder.mutationFields((t) => ({
  setConversationCharacters: t.field({
    type: UpdateConversationSuccess,
    description:
      'Says which characters answer in a conversation, which is made where there is none. A language model then answers as they would, by their cards; without one, the answer says what is known of the character. An empty list: the assistant answers again.',
    errors: { types: [InvalidInput, NotFound] },
    args: {
      conversationId: t.arg.string({ required: true, description: 'The name of the thread.' }),
      characters: t.arg.stringList({
        required: true,
        description: `Full names of characters, at most ${MAX_CAST}.`,
      }),
      greeting: t.arg.int({
        defaultValue: 0,
        description: `With which of the \`greetings\` of the first of them it begins, from 0 to ${MAX_GREETINGS - 1}.`,
      }),
      userId: t.arg.string({
        description: 'Whose it is, for those who may act for others; absent: the caller’s own.',
      }),
    },
    resolve: async (_root, { userId, ...given }, { services, principal }) => ({
      conversation: await setConversationCharacters(services, ownerFor(principal, userId), given),
    }),
  }),
}));
