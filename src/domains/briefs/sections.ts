import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import * as input from '../../ground/input.ts';
import { type ExportedLine, type Place, sectionOfRows } from '../../ground/section.ts';
import { FINISH_REASONS } from '../../models/language-model.ts';
import { lockBriefs } from './budget.ts';
import * as limits from './limits.ts';
import { BRIEF_STATES, REVIEW_REASONS, WRITERS } from './tables.ts';

const count = z.int().min(0).max(2_147_483_647);
const score = z.int().min(0).max(100).nullable();
const cost = z
  .string()
  .regex(/^\d{1,6}\.\d{6}$/, { error: 'must be a decimal number with six digits behind the point' })
  .nullable();
const name = input.text(200).nullable();

const AttemptPart = z
  .object({
    number: count.min(1).max(limits.MAX_ATTEMPTS + limits.MAX_EDITS),
    writer: z.enum(WRITERS),
    output: limits.output,
    finishReason: z.enum(FINISH_REASONS).nullable(),
    model: name,
    writingTemplate: name,
    writingMs: count.nullable(),
    writingTokensIn: count.nullable(),
    writingTokensOut: count.nullable(),
    writingCost: cost,
    writtenAt: input.writtenInstant,
    judge: name,
    judgingTemplate: name,
    judgings: count.max(limits.MAX_JUDGINGS),
    judgingMs: count.nullable(),
    judgingTokensIn: count.nullable(),
    judgingTokensOut: count.nullable(),
    judgingCost: cost,
    clarity: score,
    accuracy: score,
    completeness: score,
    tone: score,
    critique: input.text(limits.MAX_CRITIQUE, 0).nullable(),
    judgingProblem: input.text(2_000, 0).nullable(),
    judgedAt: input.writtenInstant.nullable(),
  })
  .refine(
    ({ clarity, accuracy, completeness, tone }) =>
      [clarity, accuracy, completeness, tone].every((each) => (each === null) === (clarity === null)),
    { error: 'must have all four scores, or none' },
  );

/** A brief with all its texts. */
const BriefLine = z
  .object({
    kind: z.literal('brief'),
    tenantId: z.string(),
    userId: z.string(),
    briefId: z.guid({ error: 'must be a UUID' }),
    taskId: z.guid({ error: 'must be a UUID' }),
    title: limits.title.nullable(),
    text: limits.text,
    state: z.enum(BRIEF_STATES),
    reviewReason: z.enum(REVIEW_REASONS).nullable(),
    chosen: count.nullable(),
    decidedAt: input.writtenInstant.nullable(),
    note: limits.note.nullable(),
    createdAt: input.writtenInstant,
    completedAt: input.writtenInstant.nullable(),
    attempts: z.array(AttemptPart).max(limits.MAX_ATTEMPTS + limits.MAX_EDITS),
  })
  .refine(({ attempts }) => new Set(attempts.map(({ number }) => number)).size === attempts.length, {
    error: 'must have no two attempts of one number',
    path: ['attempts'],
  });
type BriefLine = z.output<typeof BriefLine>;

/** A user's briefs. One that is there already stays as it is; the task of one that was worked on comes back cancelled. */
export const ownBriefs = sectionOfRows<{ readonly db: Database }, BriefLine>({
  kind: 'brief',
  schema: BriefLine,
  dated: 'createdAt',
  read: exportedBriefs,
  restore: restoreBriefs,
});

type Written<T> = {
  [K in keyof T]: T[K] extends Date ? string : T[K] extends Date | null ? string | null : T[K];
};
/** As the database writes it; instants in the time zone of its session. */
type Stored = Omit<Written<BriefLine>, 'kind' | 'tenantId' | 'userId' | 'attempts'> & {
  attempts: Written<BriefLine['attempts'][number]>[];
};

async function exportedBriefs(
  { db }: { readonly db: Database },
  owner: Owner,
  { number: after }: Place,
  limit: number,
): Promise<ExportedLine[]> {
  const { rows } = await db.pool.query<{ id: number; line: Stored }>({
    name: 'export_briefs',
    text: `select b.id, json_build_object('briefId', b.brief_id, 'taskId', b.task_id, 'title', b.title, 'text', b.text, 'state', b.state,
             'reviewReason', b.review_reason, 'chosen', b.chosen, 'decidedAt', b.decided_at, 'note', b.note,
             'createdAt', b.created_at, 'completedAt', b.completed_at,
             'attempts', coalesce((select json_agg(json_build_object('number', a.number, 'writer', a.writer, 'output', a.output,
                 'finishReason', a.finish_reason, 'model', a.model, 'writingTemplate', a.writing_template, 'writingMs', a.writing_ms,
                 'writingTokensIn', a.writing_tokens_in, 'writingTokensOut', a.writing_tokens_out, 'writingCost', a.writing_cost::text,
                 'writtenAt', a.written_at, 'judge', a.judge, 'judgingTemplate', a.judging_template, 'judgings', a.judgings,
                 'judgingMs', a.judging_ms, 'judgingTokensIn', a.judging_tokens_in, 'judgingTokensOut', a.judging_tokens_out,
                 'judgingCost', a.judging_cost::text, 'clarity', a.clarity, 'accuracy', a.accuracy, 'completeness', a.completeness,
                 'tone', a.tone, 'critique', a.critique, 'judgingProblem', a.judging_problem, 'judgedAt', a.judged_at) order by a.number)
               from brief_attempts a where a.brief = b.id and a.tenant_id = b.tenant_id and a.user_id = b.user_id), '[]')) as line
           from briefs b where b.user_id = $1 and b.tenant_id = $2 and b.id > $3 order by b.id limit $4`,
    values: [owner.userId, owner.tenantId, after, limit],
  });
  return rows.map(({ id, line }) => ({
    line: JSON.stringify(exported(owner, line)),
    after: { key: '', number: id },
  }));
}

function exported({ tenantId, userId }: Owner, line: Stored) {
  const at = (text: string | null) => text && new Date(text);
  return {
    ...{ kind: 'brief', tenantId, userId, ...line },
    ...{ decidedAt: at(line.decidedAt), createdAt: at(line.createdAt), completedAt: at(line.completedAt) },
    attempts: line.attempts.map((each) => ({
      ...each,
      writtenAt: at(each.writtenAt),
      judgedAt: at(each.judgedAt),
    })),
  };
}

async function restoreBriefs(client: PoolClient, owner: Owner, lines: readonly BriefLine[]): Promise<number> {
  await lockBriefs(client, owner);
  let stored = 0;
  for (const line of lines) if (await restoreBrief(client, owner, line)) stored++;
  return stored;
}

/** @returns whether it was not there yet */
async function restoreBrief(client: PoolClient, owner: Owner, line: BriefLine): Promise<boolean> {
  const { rows } = await client.query<{ id: number }>({
    name: 'restore_brief',
    text: `insert into briefs (tenant_id, user_id, brief_id, task_id, title, text, state, review_reason, chosen, decided_at,
             note, created_at, completed_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
           on conflict (brief_id, tenant_id, user_id) do nothing returning id`,
    values: [
      ...[owner.tenantId, owner.userId, line.briefId, line.taskId, line.title, line.text, line.state],
      ...[line.reviewReason, line.chosen, line.decidedAt, line.note, line.createdAt, line.completedAt],
    ],
  });
  const [brief] = rows;
  if (!brief) return false;
  await client.query({
    name: 'restore_brief_attempts',
    text: `insert into brief_attempts (tenant_id, user_id, brief, number, writer, output, finish_reason, model, writing_template, writing_ms,
             writing_tokens_in, writing_tokens_out, writing_cost, written_at, judge, judging_template, judgings, judging_ms,
             judging_tokens_in, judging_tokens_out, judging_cost, clarity, accuracy, completeness, tone, critique, judging_problem, judged_at)
           select $1, $2, $3, a."number", a."writer", a."output", a."finishReason", a."model", a."writingTemplate", a."writingMs",
             a."writingTokensIn", a."writingTokensOut", a."writingCost", a."writtenAt", a."judge", a."judgingTemplate", a."judgings", a."judgingMs",
             a."judgingTokensIn", a."judgingTokensOut", a."judgingCost", a."clarity", a."accuracy", a."completeness", a."tone",
             a."critique", a."judgingProblem", a."judgedAt"
           from json_to_recordset($4) as a("number" int, "writer" text, "output" text, "finishReason" text, "model" text, "writingTemplate" text,
             "writingMs" int, "writingTokensIn" int, "writingTokensOut" int, "writingCost" numeric, "writtenAt" timestamptz, "judge" text,
             "judgingTemplate" text, "judgings" int, "judgingMs" int, "judgingTokensIn" int, "judgingTokensOut" int, "judgingCost" numeric,
             "clarity" int, "accuracy" int, "completeness" int, "tone" int, "critique" text, "judgingProblem" text, "judgedAt" timestamptz)`,
    values: [owner.tenantId, owner.userId, brief.id, JSON.stringify(line.attempts)],
  });
  return true;
}
