import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { IdempotencyKeyReused, NotConfigured, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { keyedId } from '../../ground/keyed-id.ts';
import { enqueueTask, type TaskServices } from '../tasks/tasks.ts';
import { type BriefLimits, checkQuota, lockBriefs } from './budget.ts';
import { WRITE_BRIEF } from './job-names.ts';
import * as limits from './limits.ts';
import { briefById, type SeenBrief } from './reads.ts';
import { type BriefRow, briefs } from './tables.ts';

export type BriefServices = TaskServices & { readonly config: { readonly briefs: BriefLimits } };

const NewBrief = z.object({
  title: limits.title.nullish(),
  text: limits.text,
  idempotencyKey: input.idempotencyKey.nullish(),
});

/**
 * Takes a brief in and makes the task that has it written and judged. The same key with the same content gives the brief that
 * was submitted first.
 *
 * @throws NotConfigured, InvalidInput, IdempotencyKeyReused, QuotaExceeded
 */
export async function submitBrief(
  { db, events, tasks, config }: BriefServices,
  owner: Owner,
  given: z.input<typeof NewBrief>,
): Promise<SeenBrief> {
  const asked = input.parseInput(NewBrief, given);
  const job = tasks.jobs.get(WRITE_BRIEF);
  if (!job)
    throw new NotConfigured(
      'LLM_BRIEF_MODEL',
      'no models are configured that write briefs and judge them; the operator names them there and in LLM_JUDGE_MODEL',
    );
  const title = asked.title ?? null;
  const briefId =
    asked.idempotencyKey == null
      ? randomUUID()
      : keyedId('brief', owner.tenantId, owner.userId, asked.idempotencyKey);
  await db.transaction(async (client) => {
    await lockBriefs(client, owner);
    const known = await storedBrief(client, owner, briefId);
    if (known) {
      if (known.title !== title || known.text !== asked.text)
        throw new IdempotencyKeyReused('idempotencyKey');
      return;
    }
    await checkQuota(client, owner, config.briefs);
    const task = await enqueueTask(client, job, {
      ...{ type: WRITE_BRIEF, owner, createdBy: owner.userId, payload: { briefId } },
      name: `Write ${title ?? 'a brief'}`.slice(0, limits.MAX_TITLE).toWellFormed(),
    });
    await client.query({
      name: 'insert_brief',
      text: `insert into briefs (tenant_id, user_id, brief_id, task_id, title, text) values ($1, $2, $3, $4, $5, $6)`,
      values: [owner.tenantId, owner.userId, briefId, task.taskId, title, asked.text],
    });
  });
  events.wake();
  tasks.wake();
  const brief = await briefById(db, owner, briefId);
  if (!brief) throw noBrief(briefId, 'idempotencyKey');
  return brief;
}

/** @throws InvalidInput if the text can be no brief's id, so that no statement is run for it */
export function parseBriefId(id: string, field = 'briefId'): string {
  return input.parseInput(limits.id, id, field);
}

export function noBrief(id: string, field: string): NotFound {
  return new NotFound(field, `there is no brief "${id.slice(0, 100)}"`);
}

async function storedBrief(client: PoolClient, owner: Owner, briefId: string): Promise<BriefRow | null> {
  const { rows } = await client.query<RawRow>({
    name: 'stored_brief',
    text: 'select * from briefs where brief_id = $1 and tenant_id = $2 and user_id = $3',
    values: [briefId, owner.tenantId, owner.userId],
  });
  return rows[0] ? mapRow(briefs, rows[0]) : null;
}
