import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { InvalidInput } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import * as limits from './limits.ts';
import { lockedProject, type ProjectServices } from './projects.ts';
import { type DecisionRow, decisions } from './tables.ts';

const Decision = z.object({
  projectId: limits.id,
  decision: limits.decision,
  reason: input.text(limits.MAX_DECISION, 0).nullish(),
});

/** Notes what was decided for a project. Nothing of it is changed later. @throws InvalidInput, NotFound */
export async function addDecision(
  { db }: ProjectServices,
  owner: Owner,
  given: z.input<typeof Decision>,
): Promise<DecisionRow> {
  const { projectId, decision, reason } = input.parseInput(Decision, given);
  return db.transaction(async (client) => {
    const project = await lockedProject(client, owner, projectId, 'projectId');
    const { rows } = await client.query<{ count: number }>({
      name: 'count_decisions',
      text: `select count(*)::int as count from anime_project_memory where project = $1 and tenant_id = $2 and user_id = $3`,
      values: [project.id, owner.tenantId, owner.userId],
    });
    if (onlyRow({ rows }).count >= limits.MAX_DECISIONS)
      throw new InvalidInput('decision', `a project may have at most ${limits.MAX_DECISIONS} decisions`);
    const inserted = await client.query<RawRow>({
      name: 'insert_decision',
      text: `insert into anime_project_memory (tenant_id, user_id, project, decision_id, decision, reason)
             values ($1, $2, $3, $4, $5, $6) returning *`,
      values: [owner.tenantId, owner.userId, project.id, randomUUID(), decision, reason || null],
    });
    return mapRow(decisions, onlyRow(inserted));
  });
}
