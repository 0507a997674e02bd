import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { newAct } from '../facts/changes.ts';
import { forgetUnfound, learnedBefore, type SaidPlace } from '../facts/forget.ts';
import { Outstanding, recordFact } from '../facts/record.ts';
import { retractAbout } from '../facts/retract-about.ts';
import { correctedBy } from '../facts/said-in.ts';
import type { FactOrigin } from '../facts/tables.ts';
import type { Found, Lesson, Refusal } from './extraction.ts';
import { type Learned, NOTHING, sumOf } from './learned.ts';
import type { ModelUse } from './model-use.ts';
import { finishTurns, holdTurns } from './queue.ts';
import { countInRun, openRun, refuseInRun } from './runs.ts';

/** Who changes facts, by where they come from. */
const LEARNERS: Readonly<Record<Exclude<FactOrigin, 'PERSON'>, string>> = { RULES: 'rules', MODEL: 'model' };

/**
 * Stores what turns say, and that they were learned from, in one transaction: what is cut off has neither, and is learned again.
 * Of the turns that the task still has, those are taken up to the first one whose row somebody is changing; a
 * turn that was deleted says nothing. Rows of turns are locked before `recordFact` locks the facts: a deletion
 * does it in the same order.
 *
 * @param use what a model was asked for these turns; null: none was
 */
export async function commitLessons(
  client: PoolClient,
  owner: Owner,
  taskId: string,
  lessons: readonly Lesson[],
  use: ModelUse | null,
): Promise<Learned> {
  const held = await holdTurns(
    client,
    owner,
    taskId,
    lessons.map(({ leased }) => leased),
  );
  if (held.length === 0) return NOTHING;
  const run = await openRun(client, owner, taskId);
  const ids = new Set(held.map(({ id }) => id));
  const again = await learnedBefore(
    client,
    owner,
    held.map(({ turnId }) => turnId),
  );
  const places: SaidPlace[] = [];
  let learned: Learned = { ...NOTHING, turns: held.length };
  const outstanding = new Outstanding();
  for (const lesson of lessons) {
    if (!ids.has(lesson.leased.id)) continue;
    const { done, refused, said } = await commitLesson(client, owner, run.runId, lesson, outstanding);
    if (again.has(lesson.leased.turnId)) places.push(...said);
    await refuseInRun(client, run.id, lesson.leased.turnId, refused);
    learned = sumOf(learned, done);
  }
  const superseded = await outstanding.settle(client, owner);
  learned = sumOf(learned, { ...NOTHING, superseded });
  await forgetUnfound(client, owner, [...again], places);
  await finishTurns(client, owner, held);
  await countInRun(client, owner, run.id, learned, use);
  return learned;
}

async function commitLesson(
  client: PoolClient,
  owner: Owner,
  runId: string,
  lesson: Lesson,
  outstanding: Outstanding,
): Promise<{ done: Learned; refused: readonly Refusal[]; said: readonly SaidPlace[] }> {
  const refused = [...lesson.refused];
  const said: SaidPlace[] = [];
  let done = NOTHING;
  if (lesson.forgotten.length > 0) done = { ...done, superseded: await outstanding.settle(client, owner) };
  for (const { subject, about } of lesson.forgotten)
    await retractAbout(client, owner, newAct(LEARNERS.RULES, runId), {
      ...{ subject, about, saidAt: lesson.turn.saidAt },
    });
  for (const found of lesson.found) {
    const { outcome, superseded, fact } = await record(client, owner, runId, lesson, found, outstanding);
    const { turnId } = lesson.leased;
    if (fact) said.push({ turnId, fact: fact.id, field: found.source.field, startsAt: found.source.start });
    if (outcome === 'REFUSED')
      refused.push({ field: found.source.field, reason: 'a person took it back', count: 1 });
    done = sumOf(done, {
      ...NOTHING,
      ...{ added: outcome === 'ADDED' ? 1 : 0, merged: outcome === 'MERGED' ? 1 : 0, superseded },
    });
  }
  const count = refused.reduce((sum, refusal) => sum + refusal.count, 0);
  return { done: { ...done, refused: count }, refused, said };
}

async function record(
  client: PoolClient,
  owner: Owner,
  runId: string,
  { turn, before }: Lesson,
  found: Found,
  outstanding: Outstanding,
) {
  const { subject, predicate, object, negated, statement, category, confidence, source, origin } = found;
  const said = { subject, predicate, object, negated };
  const where = { turnIds: before.map(({ turnId }) => turnId), turnId: turn.turnId };
  const replaces =
    found.kind === 'CORRECTS'
      ? await correctedBy(client, owner, said, { ...where, field: source.field, startsAt: source.start })
      : null;
  return recordFact(
    client,
    owner,
    newAct(LEARNERS[origin], runId),
    {
      ...{ ...said, statement, category, confidence, origin },
      ...{ validFrom: found.validFrom, validUntil: found.validUntil, precision: found.precision },
      evidence: {
        ...{ turnId: turn.turnId, field: source.field, quote: source.quote },
        ...{ startsAt: source.start, endsAt: source.end, saidAt: turn.saidAt },
      },
    },
    replaces,
    outstanding,
  );
}
