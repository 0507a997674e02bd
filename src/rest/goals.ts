import { z } from 'zod';
import { goalsOfUser, priorityOf } from '../domains/goals/goals.ts';
import { ownerFor } from '../ground/ownership.ts';
import { decimal, decimalOrNull, now, ofUser, second, secondOf, secondOrNull } from './formats.ts';
import { defineRow, READING, type Row } from './row.ts';

const Goal = z
  .object({
    id: z.string(),
    description: z.string(),
    status: z.string(),
    priority: z.string(),
    progress: decimal.nullable().describe('0 to 1; null where nothing can be counted.'),
    deadline: second.nullable(),
    parent_id: z.string().nullable(),
    created_at: second,
    updated_at: second,
  })
  .meta({ id: 'Goal', description: 'Something that a user wants to reach.' });

export const goalRows: readonly Row[] = [
  defineRow({
    method: 'GET',
    at: ['/api/echo/goals'],
    group: 'Tasks and goals',
    summary: 'The goals of a user and how they stand, the one that was made last first',
    toll: READING,
    query: ofUser,
    gives: z
      .object({ goals: z.array(Goal), total: z.int(), timestamp: second })
      .meta({ id: 'Goals', description: 'Goals.' }),
    run: async ({ services, principal, query }) => {
      const goals = await goalsOfUser(services, ownerFor(principal, query.user_id));
      return {
        goals: goals.map(({ goal, progress, parentId }) => ({
          id: goal.goalId,
          description: goal.description,
          status: goal.status,
          priority: priorityOf(goal),
          progress: decimalOrNull(progress),
          deadline: secondOrNull(goal.deadline),
          parent_id: parentId,
          created_at: secondOf(goal.createdAt),
          updated_at: secondOf(goal.updatedAt),
        })),
        total: goals.length,
        timestamp: now(),
      };
    },
  }),
];
