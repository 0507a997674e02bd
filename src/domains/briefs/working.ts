import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { NotConfigured, NotFound } from '../../errors.ts';
import type { RunningTask } from '../../jobs/job.ts';
import { storableText } from '../../texts.ts';
import { type BriefLimits, spent, spentToday } from './budget.ts';
import { MAX_ATTEMPTS, NONE_BELOW, PASSES_FROM } from './limits.ts';
import type { BriefModels } from './models.ts';
import { attemptsOf, briefById } from './reads.ts';
import { type BriefAttemptRow, type BriefRow, briefAttempts, type ReviewReason } from './tables.ts';
import { CRITERIA, JUDGING_TEMPLATE, type Verdict, WRITING_TEMPLATE } from './templates.ts';
import { judgeText, writeText } from './writing.ts';

export interface WorkParts {
  readonly db: Database;
  readonly models: BriefModels;
  readonly limits: BriefLimits;
}

/** What came of a brief's task. */
interface Concluded {
  readonly briefId: string;
  readonly status: string;
  readonly attempts: number;
  readonly average: number | null;
}

/**
 * Has a brief written and judged until a text passes, at most so often. Each text and each verdict is stored as it comes, so
 * that an attempt that takes over asks for nothing a second time that is there.
 *
 * @throws NotFound, NotConfigured (what the day may cost is spent), InvalidInput, ModelFailure, the reason of the task's signal
 */
export async function workOnBrief(parts: WorkParts, briefId: string, task: RunningTask): Promise<Concluded> {
  const { userId, tenantId } = task.owner;
  const owner: Owner = { tenantId, userId: userId ?? '' };
  const brief = await briefById(parts.db, owner, briefId);
  if (!brief) throw new NotFound('payload.briefId', `there is no brief "${briefId}"`);
  const [stored = []] = await attemptsOf(parts.db, owner, [brief.id]);
  const attempts = stored.filter(({ writer }) => writer === 'MODEL');
  if (brief.state !== 'OPEN')
    return { briefId, status: brief.state, attempts: attempts.length, average: averageOf(attempts.at(-1)) };
  const end: End = (state, reason = null) => conclude(task, owner, brief, { state, reason, attempts });
  const total = 2 * MAX_ATTEMPTS;
  for (let number = 1; number <= MAX_ATTEMPTS; number++) {
    let attempt = attempts[number - 1];
    if (!attempt) {
      if (await isSpent(parts, tenantId)) return endSpent(parts, attempts, end);
      task.progress(2 * number - 2, total, `attempt ${number} is being written`);
      attempt = await write(parts, owner, brief, { number, before: attempts.at(-1), task });
      attempts.push(attempt);
    }
    if (!attempt.judgedAt) {
      if (await isSpent(parts, tenantId)) return endSpent(parts, attempts, end);
      task.progress(2 * number - 1, total, `attempt ${number} is being judged`);
      attempt = await judge(parts, owner, brief, { attempt, task });
      attempts[number - 1] = attempt;
    }
    if (passes(attempt)) return end('PASSED');
    if (verdictOf(attempt) === null) return end('NEEDS_REVIEW', 'NOT_JUDGED');
  }
  return end('NEEDS_REVIEW', 'NOT_GOOD_ENOUGH');
}

/** Whether a text is good enough: on the mean, and by each criterion. */
export function passes(attempt: BriefAttemptRow): boolean {
  const verdict = verdictOf(attempt);
  if (verdict === null) return false;
  const scores = CRITERIA.map((criterion) => verdict[criterion]);
  return meanOf(scores) >= PASSES_FROM && Math.min(...scores) >= NONE_BELOW;
}

/** The mean of what an attempt was given; null: it was not judged. */
export function averageOf(attempt: BriefAttemptRow | undefined): number | null {
  const verdict = attempt ? verdictOf(attempt) : null;
  return verdict && meanOf(CRITERIA.map((criterion) => verdict[criterion]));
}

const meanOf = (scores: readonly number[]) => scores.reduce((sum, score) => sum + score, 0) / scores.length;

function verdictOf({ clarity, accuracy, completeness, tone, critique }: BriefAttemptRow): Verdict | null {
  if (clarity === null || accuracy === null || completeness === null || tone === null) return null;
  return { clarity, accuracy, completeness, tone, critique: critique ?? '' };
}

type End = (state: 'PASSED' | 'NEEDS_REVIEW', reason?: ReviewReason | null) => Promise<Concluded>;

/** What a day may cost is spent: a person has what there is. @throws NotConfigured where there is no text yet */
async function endSpent(
  { limits: { costPerDay } }: WorkParts,
  attempts: readonly BriefAttemptRow[],
  end: End,
): Promise<Concluded> {
  if (attempts.length === 0)
    throw new NotConfigured('BRIEFS_COST_PER_DAY', `${spent(costPerDay ?? 0)}; retry the task tomorrow`);
  return end('NEEDS_REVIEW', 'COST_LIMIT');
}

async function isSpent({ db, limits: { costPerDay } }: WorkParts, tenantId: string): Promise<boolean> {
  return costPerDay !== null && (await spentToday(db, tenantId)) >= costPerDay;
}

async function write(
  { models }: WorkParts,
  owner: Owner,
  brief: BriefRow,
  { number, before, task }: { number: number; before: BriefAttemptRow | undefined; task: RunningTask },
): Promise<BriefAttemptRow> {
  const written = await writeText(
    models.writer,
    brief,
    before ? { output: before.output, critique: criticism(before) } : null,
    task,
  );
  return task.write(async (client) => {
    const inserted = await client.query<RawRow>({
      name: 'insert_brief_attempt',
      text: `insert into brief_attempts (tenant_id, user_id, brief, number, writer, output, finish_reason, model, writing_template,
               writing_ms, writing_tokens_in, writing_tokens_out, writing_cost)
             values ($1, $2, $3, $4, 'MODEL', $5, $6, $7, $8, $9, $10, $11, $12) returning *`,
      values: [
        ...[
          owner.tenantId,
          owner.userId,
          brief.id,
          number,
          written.output,
          written.finishReason,
          written.model,
        ],
        ...[WRITING_TEMPLATE, written.ms, written.tokensIn, written.tokensOut, written.cost],
      ],
    });
    return mapRow(briefAttempts, onlyRow(inserted));
  });
}

/** What the writer is told of its last text. */
function criticism(attempt: BriefAttemptRow): string {
  const verdict = verdictOf(attempt);
  if (verdict?.critique.trim()) return verdict.critique;
  const scores = CRITERIA.map((criterion) => `${criterion} ${verdict?.[criterion] ?? 0}`);
  return `Of 100 it got: ${scores.join(', ')}.`;
}

async function judge(
  { models }: WorkParts,
  owner: Owner,
  brief: BriefRow,
  { attempt, task }: { attempt: BriefAttemptRow; task: RunningTask },
): Promise<BriefAttemptRow> {
  const judged = await judgeText(models.judge, brief, attempt.output, task);
  const { verdict } = judged;
  return task.write(async (client) => {
    const updated = await client.query<RawRow>({
      name: 'judge_brief_attempt',
      text: `update brief_attempts set judge = $4, judging_template = $5, judgings = $6, judging_ms = $7, judging_tokens_in = $8,
               judging_tokens_out = $9, judging_cost = $10, clarity = $11, accuracy = $12, completeness = $13, tone = $14,
               critique = $15, judging_problem = $16, judged_at = now()
             where id = $1 and tenant_id = $2 and user_id = $3 returning *`,
      values: [
        ...[
          attempt.id,
          owner.tenantId,
          owner.userId,
          judged.judge,
          JUDGING_TEMPLATE,
          judged.judgings,
          judged.ms,
        ],
        ...[judged.tokensIn, judged.tokensOut, judged.cost],
        ...CRITERIA.map((criterion) => verdict?.[criterion] ?? null),
        ...[verdict && storableText(verdict.critique), judged.problem],
      ],
    });
    return mapRow(briefAttempts, onlyRow(updated));
  });
}

async function conclude(
  task: RunningTask,
  owner: Owner,
  { id, briefId }: BriefRow,
  {
    state,
    reason,
    attempts,
  }: { state: string; reason: ReviewReason | null; attempts: readonly BriefAttemptRow[] },
): Promise<Concluded> {
  const best = bestOf(attempts);
  task.progress(2 * attempts.length, 2 * attempts.length, null);
  await task.write(async (client) => {
    await client.query({
      name: 'conclude_brief',
      text: `update briefs set state = $4, review_reason = $5, chosen = $6, completed_at = now()
             where id = $1 and tenant_id = $2 and user_id = $3 and state = 'OPEN'`,
      values: [id, owner.tenantId, owner.userId, state, reason, best?.number ?? null],
    });
  });
  return { briefId, status: state, attempts: attempts.length, average: averageOf(best) };
}

/** The text that was judged best, the latest of those; where none was judged, the latest. */
function bestOf(attempts: readonly BriefAttemptRow[]): BriefAttemptRow | undefined {
  return attempts.reduce<BriefAttemptRow | undefined>(
    (best, attempt) => ((averageOf(attempt) ?? -1) >= (averageOf(best) ?? -1) ? attempt : best),
    undefined,
  );
}
