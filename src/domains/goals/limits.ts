import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { onlyRow } from '../../db/statements.ts';
import { InvalidInput } from '../../errors.ts';

/** Goals of one user. */
export const MAX_GOALS = 1_000;
/** Parts of one goal. */
export const MAX_PARTS = 50;
/** Goals below each other, the topmost one counted. */
export const MAX_LEVELS = 8;

/**
 * Refuses a place at which a goal would be a part of itself, too deep, or one too many.
 *
 * @param place.goal null: one that is made now
 * @throws InvalidInput
 */
export async function checkPlace(
  client: PoolClient,
  { tenantId }: Owner,
  { goal, parent }: { readonly goal: number | null; readonly parent: number | null },
  field = 'parentId',
): Promise<void> {
  if (parent === null) return;
  const above = onlyRow(
    await client.query<{ levels: number; isCircle: boolean; parts: number }>({
      name: 'goal_place_above',
      text: `with recursive above as (
               select id, parent, 1 as level from autonomous_goals where id = $1 and tenant_id = $2
               union all select g.id, g.parent, a.level + 1 from autonomous_goals g join above a on g.id = a.parent where a.level <= ${MAX_LEVELS})
             select count(*)::int as levels, coalesce(bool_or(id = $3), false) as "isCircle",
               (select count(*)::int from autonomous_goals where parent = $1) as parts from above`,
      values: [parent, tenantId, goal],
    }),
  );
  if (above.isCircle)
    throw new InvalidInput(field, 'a goal cannot be a part of itself or of one of its parts');
  if (above.parts >= MAX_PARTS) throw new InvalidInput(field, `a goal has at most ${MAX_PARTS} parts`);
  const below = await client.query<{ levels: number }>({
    name: 'goal_place_below',
    text: `with recursive below as (
             select id, 1 as level from autonomous_goals where id = $1 and tenant_id = $2
             union all select g.id, b.level + 1 from autonomous_goals g join below b on g.parent = b.id where b.level <= ${MAX_LEVELS})
           select coalesce(max(level), 1)::int as levels from below`,
    values: [goal, tenantId],
  });
  const levels = above.levels + onlyRow(below).levels;
  if (levels > MAX_LEVELS)
    throw new InvalidInput(field, `goals lie at most ${MAX_LEVELS} levels deep, would lie ${levels}`);
}

/** @throws InvalidInput if a user has more goals than one may have */
export async function checkLimits(client: PoolClient, owner: Owner, field = 'input'): Promise<void> {
  const counted = await client.query<{ count: number }>({
    name: 'count_goals',
    text: 'select count(*)::int as count from autonomous_goals where user_id = $1 and tenant_id = $2',
    values: [owner.userId, owner.tenantId],
  });
  if (onlyRow(counted).count > MAX_GOALS)
    throw new InvalidInput(field, `a user has at most ${MAX_GOALS.toLocaleString('en-US')} goals`);
}
