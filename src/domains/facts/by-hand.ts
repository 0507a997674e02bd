import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner, Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { FactChangeBuiltOn, InvalidInput, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { scopeOf } from '../../ground/ownership.ts';
import { type Act, lockFacts, newAct, newFinalAct } from './changes.ts';
import { changeById } from './history.ts';
import { predicateOf } from './predicates.ts';
import { factsById } from './reads.ts';
import { recordFact, type StatedFact } from './record.ts';
import { retract } from './retract.ts';
import { FACT_CATEGORIES, type FactRow } from './tables.ts';
import { undo } from './undo.ts';

export interface FactServices {
  readonly db: Database;
}

/** What a person did. */
export interface ByHand {
  /** As it is now. */
  readonly fact: FactRow;
  /** By which its changes can be found; see `changeOf`. */
  readonly act: string;
}

export const MAX_STATEMENT = 500;
export const MAX_PART = 200;
const part = input
  .text(MAX_PART)
  .refine((text) => text.trim() !== '', { error: 'must not be only white space' });
const id = z.guid({ error: 'must be a UUID' });

/** What a person enters. */
const NewFact = z.object({
  subject: part.nullish(),
  predicate: z.string().regex(/^[a-z][a-z0-9_]{0,49}$/, {
    error: 'must be 1 to 50 letters from a to z, digits and _, such as lives_in',
  }),
  object: part,
  statement: input.text(MAX_STATEMENT).nullish(),
  category: z.enum(FACT_CATEGORIES, { error: `must be one of ${FACT_CATEGORIES.join(', ')}` }).nullish(),
  negated: z.boolean({ error: 'must be true or false' }).nullish(),
  validFrom: input.instant.nullish(),
  validUntil: input.instant.nullish(),
});
export type NewFact = z.input<typeof NewFact>;

const TextConditions = z.object({
  text: input.text(1_000).nullish(),
  subject: input.text(MAX_PART).nullish(),
  conversationId: input.conversationId.nullish(),
});

/** @returns the conditions of a filter that are text @throws InvalidInput */
export const parseTextConditions = (given: z.input<typeof TextConditions>) =>
  input.parseInput(TextConditions, given, 'filter');

/** @throws InvalidInput if the text can be no id, so that no statement is run for it */
export const parseFactId = (given: string, field = 'factId'): string => input.parseInput(id, given, field);

/**
 * Enters a fact by hand. It stands above what was extracted, and no run supersedes it.
 *
 * @throws InvalidInput
 */
export async function addFact(
  { db }: FactServices,
  by: Principal,
  owner: Owner,
  given: NewFact,
): Promise<ByHand> {
  const stated = statedBy(given);
  const act = newAct(by.userId);
  const fact = await db.transaction((client) => recordByHand(client, owner, act, stated));
  return { fact, act: act.id };
}

/**
 * Puts another fact in the place of one. The old one is kept as what was corrected.
 *
 * @throws InvalidInput (it is retracted, or what is given is not right), NotFound
 */
export async function correctFact(
  { db }: FactServices,
  by: Principal,
  factId: string,
  given: NewFact,
): Promise<ByHand> {
  const stated = statedBy(given);
  return changing(db, by, factId, (client, owner, act, fact) => {
    if (fact.status === 'RETRACTED')
      throw new InvalidInput('factId', 'this fact is retracted: there is nothing to correct');
    return recordByHand(client, owner, act, stated, fact);
  });
}

/**
 * Takes a fact back. No run adds it again from what was said before.
 *
 * @throws NotFound, InvalidInput (it is retracted already)
 */
export async function retractFact({ db }: FactServices, by: Principal, factId: string): Promise<ByHand> {
  return changing(db, by, factId, async (client, owner, act, fact) => {
    if (fact.status === 'RETRACTED') throw new InvalidInput('factId', 'this fact is retracted already');
    return retract(client, owner, act, fact);
  });
}

/**
 * Undoes a change, with all that the same statement changed.
 *
 * @param cascade with what was changed later and builds on it
 * @returns the changes that were undone, the latest first
 * @throws NotFound, InvalidInput (it is undone already, or is itself an undoing), FactChangeBuiltOn
 */
export async function undoLearningChange(
  { db }: FactServices,
  by: Principal,
  given: string,
  cascade: boolean,
) {
  const changeId = input.parseInput(id, given, 'changeId');
  const found = await changeById(db, scopeOf(by), changeId);
  if (!found) throw new NotFound('changeId', 'there is no such change');
  const owner = { tenantId: found.tenantId, userId: found.userId };
  return db.transaction(async (client) => {
    await lockFacts(client, owner);
    // As it is under the lock.
    const change = await changeById({ pool: client }, owner, changeId);
    if (!change) throw new NotFound('changeId', 'there is no such change');
    if (change.undone) throw new InvalidInput('changeId', 'this change is undone already');
    if (change.isFinal)
      throw new InvalidInput('changeId', 'an undoing, or what a deletion changed, cannot be undone');
    const undoing = await undo(client, owner, newFinalAct(by.userId), change, cascade);
    if ('blockedBy' in undoing)
      throw new FactChangeBuiltOn(
        'changeId',
        undoing.blockedBy.map((later) => later.changeId),
      );
    return undoing.undone;
  });
}

async function recordByHand(
  client: PoolClient,
  owner: Owner,
  act: Act,
  stated: StatedFact,
  replaces: FactRow | null = null,
): Promise<FactRow> {
  const { fact } = await recordFact(client, owner, act, stated, replaces);
  if (fact === null) throw new Error('a fact that a person enters needs no turn');
  return fact;
}

async function changing(
  db: Database,
  by: Principal,
  factId: string,
  change: (client: PoolClient, owner: Owner, act: Act, fact: FactRow) => Promise<FactRow>,
): Promise<ByHand> {
  const [found] = await factsById(db, scopeOf(by), [parseFactId(factId)]);
  if (!found) throw new NotFound('factId', 'there is no such fact');
  const owner = { tenantId: found.tenantId, userId: found.userId };
  const act = newAct(by.userId);
  const changed = await db.transaction(async (client) => {
    await lockFacts(client, owner);
    const [fact] = await factsById({ pool: client }, owner, [factId]);
    if (!fact) throw new NotFound('factId', 'there is no such fact');
    return change(client, owner, act, fact);
  });
  return { fact: changed, act: act.id };
}

function statedBy(given: NewFact): StatedFact {
  const fact = input.parseInput(NewFact, given);
  const { validFrom = null, validUntil = null } = fact;
  if (validFrom && validUntil && validUntil <= validFrom)
    throw new InvalidInput('validUntil', 'must be after validFrom');
  const subject = fact.subject ?? 'user';
  const negated = fact.negated ?? false;
  const words = `${subject} ${negated ? 'not ' : ''}${fact.predicate.replaceAll('_', ' ')} ${fact.object}`;
  const statement = fact.statement ?? words;
  return {
    ...{ subject, predicate: fact.predicate, object: fact.object, negated, statement },
    category: fact.category ?? predicateOf(fact.predicate).category,
    confidence: 1,
    ...{ validFrom, validUntil, precision: null, origin: 'PERSON' },
    evidence: {
      ...{ turnId: null, field: null, quote: statement, startsAt: 0 },
      endsAt: [...statement].length,
      saidAt: new Date(),
    },
  };
}
