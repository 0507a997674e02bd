import { z } from 'zod';
import { correctFact, MAX_PART, MAX_STATEMENT } from '../domains/facts/by-hand.ts';
import { FACT_CATEGORIES, FACT_STATUSES, factsMatching, findFact } from '../domains/facts/views.ts';
import * as argument from './arguments.ts';
import { cursorOf, fitted, positionOf, positions } from './paging.ts';
import { Fact, NOTICE, nextCursor, notice, shownFact, userId } from './shapes.ts';
import { defineTool } from './tool.ts';

export const listFacts = defineTool({
  name: 'list_facts',
  title: 'List facts',
  description:
    'Lists what is known as single facts (who, what, since when), the newest first, by words, category, subject or state. Facts that no longer hold are kept as history: ask for their status.',
  effect: 'reads',
  isIdempotent: true,
  input: argument.argumentsOf({
    text: argument.text(1_000, 'Words that a fact must all have, in any form of theirs.').optional(),
    category: argument.oneOf(FACT_CATEGORIES, 'What it is about.').optional(),
    subject: argument
      .text(MAX_PART, 'Of whom: `user` is the owner of the memory, others by name.')
      .optional(),
    status: argument
      .oneOf(
        FACT_STATUSES,
        'ACTIVE holds; SUPERSEDED was replaced by something later; RETRACTED was taken back.',
      )
      .default('ACTIVE'),
    conversationId: argument.text(100, 'Only what was said in this conversation.').optional(),
    asOf: argument.instant('Only what was true in the world then.').optional(),
    limit: argument.limit(20),
    maxTokens: argument.maxTokens,
    cursor: argument.cursor,
  }),
  output: z.object({ userId, notice, facts: z.array(Fact), nextCursor }),
  run: async ({ services, owner }, { cursor, limit, maxTokens, ...filter }) => {
    const after = positionOf('facts', positions.number, cursor);
    const page = { after, before: null, limit: limit + 1, inverted: false };
    const rows = await factsMatching(services, owner, filter, page);
    const { shown } = fitted(rows.slice(0, limit).map(shownFact), maxTokens, (fact) => fact);
    const last = rows[shown.length - 1];
    return {
      userId: owner.userId,
      notice: NOTICE,
      facts: [...shown],
      nextCursor: last && rows.length > shown.length ? cursorOf('facts', last.id) : null,
    };
  },
});

export const correctFactTool = defineTool({
  name: 'correct_fact',
  title: 'Correct a fact',
  description:
    'Puts what is right in the place of a fact that is wrong, when the user says so. The old one is kept as history. Find its factId with list_facts or recall first.',
  effect: 'changes',
  isIdempotent: false,
  input: argument.argumentsOf({
    factId: argument.id('the fact that is wrong'),
    predicate: z
      .string({ error: 'must be text' })
      .meta({
        description:
          'What is said: 1 to 50 letters from a to z, digits and _, such as lives_in; absent: as in the fact that is wrong.',
      })
      .optional(),
    object: argument.text(MAX_PART, 'What is right, such as "Porto".'),
    subject: argument.text(MAX_PART, 'Of whom; absent: as in the fact that is wrong.').optional(),
    statement: argument
      .text(MAX_STATEMENT, 'The fact in words; absent: made of the other arguments.')
      .optional(),
    negated: z
      .boolean({ error: 'must be true or false' })
      .optional()
      .describe('True: it is not so; absent: false.'),
    validFrom: argument.instant('Since when it is true.').optional(),
    validUntil: argument.instant('Until when it was true; after validFrom.').optional(),
  }),
  output: z.object({ userId, fact: Fact, replacedFactId: z.string() }),
  run: async ({ services, principal, owner }, { factId, ...given }) => {
    // Who may act for others names for whom; an id alone reaches nobody else's.
    const wrong = await findFact(services, owner, factId);
    const { subject = wrong.subject, predicate = wrong.predicate } = given;
    const { fact } = await correctFact(services, principal, factId, { ...given, subject, predicate });
    return { userId: owner.userId, fact: shownFact(fact), replacedFactId: wrong.factId };
  },
});
