import { goalsOfUser, priorityOf } from '../domains/goals/goals.ts';
import { ownerFor } from '../ground/ownership.ts';
import type { RestRequest } from './request.ts';

/** GET /api/echo/goals: a user's goals and how they stand, the one that was made last first. */
export async function getGoals({ services, principal, search }: RestRequest) {
  const shown = await goalsOfUser(services, ownerFor(principal, search.get('user_id')));
  return {
    goals: shown.map(({ goal, progress, parentId }) => ({
      id: goal.goalId,
      description: goal.description,
      status: goal.status,
      priority: priorityOf(goal),
      progress,
      deadline: goal.deadline?.toISOString() ?? null,
      parent_id: parentId,
      created_at: goal.createdAt.toISOString(),
      updated_at: goal.updatedAt.toISOString(),
    })),
    total: shown.length,
    timestamp: new Date().toISOString(),
  };
}
