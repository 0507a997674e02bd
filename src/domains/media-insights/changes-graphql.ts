import { InvalidInput, NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { ownerFor } from '../../ground/ownership.ts';
import { forgetMedia, MAX_TAG_LENGTH, MAX_TAGS, markMediaLearned, tagMedia } from './changes.ts';
import { InsightRef } from './graphql.ts';
import type { MediaInsightRow } from './tables.ts';

const HASH = 'SHA-256 of the bytes, hexadecimal.';
const WHOSE = 'Whose, for those who may act for others; absent: the caller’s own.';

const TagInput = builder.inputType('TagMediaInput', {
  description: 'Tags that a person gives to an insight or takes away.',
  fields: (t) => ({
    fileHash: t.string({ required: true, description: HASH }),
    add: t.stringList({
      description: `Tags to give, each 1 to ${MAX_TAG_LENGTH} characters without control characters; one that it has in another case stays as it is. An insight has at most ${MAX_TAGS} of persons.`,
    }),
    remove: t.stringList({
      description: 'Tags to take away, in any case. Those of models and rules stay.',
    }),
    userId: t.string({ description: WHOSE }),
  }),
});

const MediaSuccess = builder.objectRef<{ insight: MediaInsightRow }>('MediaSuccess').implement({
  description: 'It is done.',
  fields: (t) => ({
    insight: t.expose('insight', {
      type: InsightRef,
      description: 'As it is now; as it was, if it was forgotten.',
    }),
  }),
});

const MediaResult = builder.errorUnion('MediaResult', {
  description: 'The success of this operation, or one of the failures that a caller may expect.',
  types: [MediaSuccess, InvalidInput, NotFound],
  resolveType: () => 'MediaSuccess',
});

builder.mutationFields((t) => ({
  tagMedia: t.field({
    type: MediaResult,
    description: 'Gives tags of a person to an insight, or takes them away.',
    args: { input: t.arg({ type: TagInput, required: true, description: 'Which tags, and of what.' }) },
    resolve: async (_root, { input: { userId, fileHash, ...tags } }, { services, principal }) => ({
      insight: await tagMedia(services, ownerFor(principal, userId), fileHash, tags),
    }),
  }),
  markMediaLearned: t.field({
    type: MediaResult,
    description: 'Says whether something was learned of an insight.',
    args: {
      fileHash: t.arg.string({ required: true, description: HASH }),
      learned: t.arg.boolean({ required: true, description: 'Whether it was.' }),
      userId: t.arg.string({ description: WHOSE }),
    },
    resolve: async (_root, { fileHash, learned, userId }, { services, principal }) => ({
      insight: await markMediaLearned(services, ownerFor(principal, userId), fileHash, learned),
    }),
  }),
  forgetMedia: t.field({
    type: MediaResult,
    description:
      'Forgets all that is known of a content, tags and thumbnails too. Of its files only one that the server drew or made itself is deleted; if others are indexed again, they are new.',
    args: {
      fileHash: t.arg.string({ required: true, description: HASH }),
      userId: t.arg.string({ description: WHOSE }),
    },
    resolve: async (_root, { fileHash, userId }, { services, principal }) => ({
      insight: await forgetMedia(services, ownerFor(principal, userId), fileHash),
    }),
  }),
}));
