import { StatusMoveRefused } from '../../errors.ts';

export const GOAL_STATUSES = ['PROPOSED', 'ACTIVE', 'BLOCKED', 'ACHIEVED', 'ABANDONED'] as const;
export type GoalStatus = (typeof GOAL_STATUSES)[number];

/** Where a goal may go from each status. One that was reached, or given up, can be taken up again, and its history says so. */
export const MOVES: Readonly<Record<GoalStatus, readonly GoalStatus[]>> = {
  PROPOSED: ['ACTIVE', 'ABANDONED'],
  ACTIVE: ['BLOCKED', 'ACHIEVED', 'ABANDONED'],
  BLOCKED: ['ACTIVE', 'ABANDONED'],
  ACHIEVED: ['ACTIVE'],
  ABANDONED: ['PROPOSED'],
};

/** @throws StatusMoveRefused naming both, and where it may go */
export function checkMove(from: GoalStatus, to: GoalStatus): void {
  if (!MOVES[from].includes(to)) throw new StatusMoveRefused('status', { from, to, allowed: MOVES[from] });
}
