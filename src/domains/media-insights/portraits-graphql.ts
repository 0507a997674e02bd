import { builder } from '../../graphql/builder.ts';
import { ownerFor } from '../../ground/ownership.ts';
import { CharacterRef } from '../characters/graphql.ts';
import { portraitsOf } from './portraits.ts';

// A hash and no insight: whoever asks a turn for all of its character would pass the limits of an operation.
builder.objectFields(CharacterRef, (t) => ({
  portraitHash: t.string({
    nullable: true,
    description:
      'Of the caller’s pictures in which the character is, and which are there, the one of the best quality: its `fileHash`; null: none.',
    resolve: (character, _args, { loader, services, principal }) => {
      const owner = ownerFor(principal, null);
      return loader({
        name: `portraits ${JSON.stringify(owner)}`,
        load: (names: readonly string[]) => portraitsOf(services.db, owner, names),
        key: character.characterName,
      });
    },
  }),
}));
