import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner, Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { scopeOf } from '../../ground/ownership.ts';
import { PRIORITIES } from '../../jobs/job.ts';
import { checkLimits, checkPlace } from './limits.ts';
import { progressOf } from './progress.ts';
import { type GoalConditions, goalPage, goalsById, goalsByNumber } from './reads.ts';
import { checkMove, GOAL_STATUSES, type GoalStatus } from './status.ts';
import { type GoalRow, goals } from './tables.ts';

export interface GoalServices {
  readonly db: Database;
}

export const MAX_DESCRIPTION = 2_000;
/** What one answer of the older door gives at most: all that a user may have. */
const ALL = 1_000;

export const description = input.text(MAX_DESCRIPTION).refine((text) => text.trim() !== '', {
  error: 'must not be only white space',
});
const priority = z.enum(PRIORITIES, { error: `must be one of ${PRIORITIES.join(', ')}` });
const status = z.enum(GOAL_STATUSES, { error: `must be one of ${GOAL_STATUSES.join(', ')}` });
const goalId = input.text(100);

/** @throws InvalidInput if the text can be no goal's id, so that no statement is run for it */
export const parseGoalId = (id: string, field = 'goalId'): string => input.parseInput(goalId, id, field);

const NewGoal = z.object({
  description,
  priority: priority.nullish(),
  deadline: input.instant.nullish(),
  parentId: goalId.nullish(),
  /** It begins as proposed, or at once. */
  status: z
    .enum(['PROPOSED', 'ACTIVE'], { error: 'must be PROPOSED or ACTIVE: a goal begins there' })
    .nullish(),
});
const Changes = z.object({
  description: description.optional(),
  priority: priority.optional(),
  /** Null takes it away. */
  deadline: input.instant.nullish(),
  /** Null: it is no part of another any more. */
  parentId: goalId.nullish(),
  status: status.optional(),
});

/**
 * Makes a goal.
 *
 * @param by who makes it, perhaps for the owner
 * @throws InvalidInput, NotFound (its parent)
 */
export async function createGoal(
  { db }: GoalServices,
  by: Principal,
  owner: Owner,
  given: z.input<typeof NewGoal>,
): Promise<GoalRow> {
  const goal = input.parseInput(NewGoal, given);
  checkDeadline(goal.deadline);
  return db.transaction(async (client) => {
    await lockGoals(client, owner);
    const parent = goal.parentId == null ? null : await goalOf(client, owner, goal.parentId, 'parentId');
    await checkPlace(client, owner, { goal: null, parent: parent?.id ?? null });
    const inserted = await client.query<RawRow>({
      name: 'insert_goal',
      text: `insert into autonomous_goals (tenant_id, user_id, goal_id, description, priority, status, deadline, parent)
             values ($1, $2, $3, $4, $5, $6, $7, $8) returning *`,
      values: [
        ...[owner.tenantId, owner.userId, randomUUID(), goal.description],
        PRIORITIES.indexOf(goal.priority ?? 'NORMAL'),
        ...[goal.status ?? 'PROPOSED', goal.deadline, parent?.id],
      ],
    });
    const row = mapRow(goals, onlyRow(inserted));
    await noteMove(client, row, { from: null, to: row.status, by });
    await checkLimits(client, owner);
    return row;
  });
}

/**
 * Changes a goal of the caller, or of the tenant for who may act for others; what is absent stays as it is.
 *
 * @throws InvalidInput, NotFound, StatusMoveRefused
 */
export async function updateGoal(
  { db }: GoalServices,
  by: Principal,
  id: string,
  given: z.input<typeof Changes>,
): Promise<GoalRow> {
  const changes = input.parseInput(Changes, given);
  checkDeadline(changes.deadline);
  const [found] = await goalsById(db, scopeOf(by), [id]);
  if (!found) throw noGoal(id, 'goalId');
  return db.transaction(async (client) => {
    await lockGoals(client, found);
    // As it is under the lock.
    const goal = await goalOf(client, found, id, 'goalId');
    const to = changes.status ?? goal.status;
    if (to !== goal.status) checkMove(goal.status, to);
    const parent = await parentAfter(client, goal, changes.parentId);
    const changed = await client.query<RawRow>({
      name: 'update_goal',
      text: `update autonomous_goals set description = $4, priority = $5, status = $6, deadline = $7, parent = $8, updated_at = now()
             where id = $1 and tenant_id = $2 and user_id = $3 returning *`,
      values: [
        ...[goal.id, goal.tenantId, goal.userId, changes.description ?? goal.description],
        changes.priority ? PRIORITIES.indexOf(changes.priority) : goal.priority,
        ...[to, changes.deadline === undefined ? goal.deadline : changes.deadline, parent],
      ],
    });
    if (to !== goal.status) await noteMove(client, goal, { from: goal.status, to, by });
    return mapRow(goals, onlyRow(changed));
  });
}

/** A goal as the older door shows it. */
export interface ShownGoal {
  readonly goal: GoalRow;
  readonly progress: number;
  /** The id of the goal that it is a part of. */
  readonly parentId: string | null;
}

/** All goals of a user, the one that was made last first. */
export async function goalsOfUser(
  { db }: GoalServices,
  owner: Owner,
  conditions: GoalConditions = {},
): Promise<ShownGoal[]> {
  const page = { after: null, before: null, limit: ALL, inverted: false };
  const rows = await goalPage(db, owner, conditions, page);
  const progress = await progressOf(
    db,
    owner.tenantId,
    rows.map(({ id }) => id),
  );
  const numbers = [...new Set(rows.flatMap(({ parent }) => parent ?? []))];
  const parents = await goalsByNumber(db, owner.tenantId, numbers);
  const ids = new Map(parents.flatMap((parent) => (parent ? [[parent.id, parent.goalId] as const] : [])));
  return rows.map((goal, index) => ({
    goal,
    progress: progress[index] ?? 0,
    parentId: goal.parent === null ? null : (ids.get(goal.parent) ?? null),
  }));
}

/** The name of a goal's priority. */
export function priorityOf({ priority: place }: GoalRow): string {
  return PRIORITIES[place] ?? 'NORMAL';
}

/** One change of a user's goals at a time: two that are allowed alone may make a circle together. */
export async function lockGoals(client: PoolClient, { tenantId, userId }: Owner): Promise<void> {
  await client.query({
    name: 'lock_goals',
    text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',
    values: [JSON.stringify(['goals', tenantId, userId])],
  });
}

async function goalOf(client: PoolClient, owner: Owner, id: string, field: string): Promise<GoalRow> {
  const [row] = await goalsById({ pool: client as never }, owner, [id]);
  if (!row) throw noGoal(id, field);
  return row;
}

function noGoal(id: string, field: string): NotFound {
  return new NotFound(field, `there is no goal "${id.slice(0, 100)}"`);
}

async function parentAfter(client: PoolClient, goal: GoalRow, parentId: string | null | undefined) {
  if (parentId === undefined) return goal.parent;
  if (parentId === null) return null;
  const { id } = await goalOf(client, goal, parentId, 'parentId');
  if (id !== goal.parent) await checkPlace(client, goal, { goal: goal.id, parent: id });
  return id;
}

async function noteMove(
  client: PoolClient,
  goal: GoalRow,
  { from, to, by }: { from: GoalStatus | null; to: GoalStatus; by: Principal },
): Promise<void> {
  await client.query({
    name: 'insert_goal_move',
    text: `insert into autonomous_goal_moves (tenant_id, user_id, goal, from_status, to_status, moved_by)
           values ($1, $2, $3, $4, $5, $6)`,
    values: [goal.tenantId, goal.userId, goal.id, from, to, by.userId],
  });
}

function checkDeadline(deadline: Date | null | undefined): void {
  if (deadline && deadline.getTime() < Date.now())
    throw new InvalidInput('deadline', `must lie ahead, is ${deadline.toISOString()}`);
}
