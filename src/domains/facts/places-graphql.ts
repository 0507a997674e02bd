import { builder } from '../../graphql/builder.ts';
import { connect, numberCursor } from '../../graphql/connections.ts';
import { CharacterRef } from '../characters/graphql.ts';
import { ConversationRef } from '../conversations/graphql.ts';
import { InteractionRef } from '../interactions/graphql.ts';
import { FactConnection, FactRef } from './graphql.ts';
import {
  FACTS_OF_CONVERSATION,
  FACTS_OF_TURN,
  factsOfCharacters,
  factsOfConversations,
  factsOfTurns,
} from './places.ts';
import type { FactRow } from './tables.ts';

builder.objectField(InteractionRef, 'facts', (t) =>
  t.field({
    type: [FactRef],
    description: `What it said of somebody, in the order of its words, whether it still holds or not; at most ${FACTS_OF_TURN}.`,
    complexity: { field: 1, multiplier: 2 },
    resolve: ({ tenantId, userId, turnId }, _args, { loader, services }) =>
      loader({
        name: 'facts of turns',
        load: (turns: readonly { tenantId: string; userId: string; turnId: string }[]) =>
          factsOfTurns(services.db, turns),
        key: { tenantId, userId, turnId },
      }),
  }),
);

builder.objectField(ConversationRef, 'facts', (t) =>
  t.field({
    type: [FactRef],
    description: `What was said of somebody in it, what was said last first, whether it still holds or not; at most ${FACTS_OF_CONVERSATION}. \`facts\` lists all of them by its filter.`,
    complexity: { field: 1, multiplier: 4 },
    resolve: ({ tenantId, userId, conversationId }, _args, { loader, services }) =>
      loader({
        name: 'facts of conversations',
        load: (names: readonly { tenantId: string; userId: string; conversationId: string }[]) =>
          factsOfConversations(services.db, names),
        key: { tenantId, userId, conversationId },
      }),
  }),
);

const newestFirst = numberCursor<FactRow>((fact) => fact.id);

builder.objectFields(CharacterRef, (t) => ({
  memories: t.connection(
    {
      type: FactRef,
      description:
        'What the caller’s memory holds of them now: facts whose subject is called by their name or one of their aliases; case, accents and punctuation do not count. What was recorded last first.',
      resolve: ({ characterName, aliases }, args, { loader, services, principal }) =>
        connect(args, newestFirst, (page) =>
          loader({
            name: `facts of characters ${JSON.stringify(page)}`,
            load: (characters: readonly { characterName: string; aliases: string[] }[]) =>
              factsOfCharacters(services.db, principal, characters, page),
            key: { characterName, aliases },
          }),
        ),
    },
    FactConnection,
  ),
}));
