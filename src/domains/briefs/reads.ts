import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, onlyRow, type Page, type RawRow } from '../../db/statements.ts';
import { type BriefAttemptRow, type BriefRow, type BriefState, briefAttempts, briefs } from './tables.ts';

type Reader = Pick<Database, 'pool'> | { readonly pool: PoolClient };

const LARGEST = 2_147_483_647;

/** How a brief stands, with its task. */
export const BRIEF_STATUSES = [
  'QUEUED',
  'RUNNING',
  'PASSED',
  'NEEDS_REVIEW',
  'APPROVED',
  'REJECTED',
  'FAILED',
  'CANCELLED',
] as const;
export type BriefStatus = (typeof BRIEF_STATUSES)[number];

/** A brief with how it stands. */
export type SeenBrief = BriefRow & {
  readonly status: BriefStatus;
  /** Why its task came to nothing; null: it did not, or is not kept any more. */
  readonly error: string | null;
};

const SEEN = `b.*, t.status as task_status, t.error as task_error from briefs b
  left join autonomous_tasks t on t.task_id = b.task_id and t.tenant_id = b.tenant_id and t.user_id = b.user_id`;
/** The same in SQL, as the status of an open one follows its task. */
const STATUS = `case when b.state <> 'OPEN' then b.state
  else coalesce((select case t.status when 'PENDING' then 'QUEUED' when 'RUNNING' then 'RUNNING' when 'CANCELLED' then 'CANCELLED' end
    from autonomous_tasks t where t.task_id = b.task_id and t.tenant_id = b.tenant_id and t.user_id = b.user_id), 'FAILED') end`;

/** A user's briefs, the one that was submitted last first. @param status absent: of any */
export async function briefPage(
  { pool }: Reader,
  owner: Owner,
  status: BriefStatus | null,
  { after, before, limit, inverted }: Page<number>,
): Promise<SeenBrief[]> {
  const order = inverted ? 'asc' : 'desc';
  const { rows } = await pool.query<RawRow>({
    name: `brief_page_${order}`,
    text: `select ${SEEN} where b.user_id = $1 and b.tenant_id = $2 and b.id < $3 and b.id > $4
             and ($5::text is null or ${STATUS} = $5) order by b.id ${order} limit $6`,
    values: [owner.userId, owner.tenantId, after ?? LARGEST, before ?? 0, status, limit],
  });
  return rows.map(seenBrief);
}

/** A user's brief; null: there is none. */
export async function briefById({ pool }: Reader, owner: Owner, id: string): Promise<SeenBrief | null> {
  const { rows } = await pool.query<RawRow>({
    name: 'brief_by_id',
    text: `select ${SEEN} where b.brief_id = $1 and b.tenant_id = $2 and b.user_id = $3`,
    values: [id, owner.tenantId, owner.userId],
  });
  return rows[0] ? seenBrief(rows[0]) : null;
}

/** The attempts of briefs in their order, by the numbers of the briefs' rows. */
export async function attemptsOf(
  { pool }: Reader,
  owner: Owner,
  numbers: readonly number[],
): Promise<BriefAttemptRow[][]> {
  const { rows } = await pool.query<RawRow>({
    name: 'attempts_of_briefs',
    text: `select * from brief_attempts where brief = any($1::int[]) and tenant_id = $2 and user_id = $3 order by brief, number`,
    values: [numbers, owner.tenantId, owner.userId],
  });
  const byBrief = Map.groupBy(
    rows.map((row) => mapRow(briefAttempts, row)),
    ({ brief }) => brief,
  );
  return numbers.map((number) => byBrief.get(number) ?? []);
}

/** Sums over a user's briefs. */
export interface BriefStats {
  readonly byStatus: readonly { readonly status: BriefStatus; readonly count: number }[];
  /** Texts of the model, and those of them that were not the first of their brief. */
  readonly attempts: number;
  readonly retries: number;
  /** Times that the judge was asked. */
  readonly judgings: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** As far as it is known. */
  readonly cost: number;
  /** Attempts of which nobody knows what they cost, or not all of it. */
  readonly withoutCost: number;
  /** Milliseconds of the models' work, on the mean of an attempt; null: there was none. */
  readonly meanMs: number | null;
}

/** What a user's briefs came to. @param since of those that were submitted from then on; null: of all */
export async function briefStats({ pool }: Reader, owner: Owner, since: Date | null): Promise<BriefStats> {
  const values = [owner.userId, owner.tenantId, since];
  const [statuses, sums] = await Promise.all([
    pool.query<{ status: BriefStatus; count: number }>({
      name: 'brief_statuses',
      text: `select ${STATUS} as status, count(*)::int as count from briefs b
             where b.user_id = $1 and b.tenant_id = $2 and ($3::timestamptz is null or b.created_at >= $3) group by 1 order by 1`,
      values,
    }),
    pool.query<Omit<BriefStats, 'byStatus'>>({
      name: 'brief_sums',
      text: `select count(*)::int as attempts, count(*) filter (where a.number > 1)::int as retries,
               coalesce(sum(a.judgings), 0)::int as judgings,
               coalesce(sum(coalesce(a.writing_tokens_in, 0) + coalesce(a.judging_tokens_in, 0)), 0)::float8 as "tokensIn",
               coalesce(sum(coalesce(a.writing_tokens_out, 0) + coalesce(a.judging_tokens_out, 0)), 0)::float8 as "tokensOut",
               coalesce(sum(coalesce(a.writing_cost, 0) + coalesce(a.judging_cost, 0)), 0)::float8 as cost,
               count(*) filter (where a.writing_cost is null or (a.judgings > 0 and a.judging_cost is null))::int as "withoutCost",
               avg(a.writing_ms + coalesce(a.judging_ms, 0))::float8 as "meanMs"
             from brief_attempts a join briefs b on b.id = a.brief
             where a.user_id = $1 and a.tenant_id = $2 and b.user_id = $1 and b.tenant_id = $2 and a.writer = 'MODEL'
               and ($3::timestamptz is null or b.created_at >= $3)`,
      values,
    }),
  ]);
  return { byStatus: statuses.rows, ...onlyRow(sums) };
}

function seenBrief(row: RawRow): SeenBrief {
  const brief = mapRow(briefs, row);
  return {
    ...brief,
    status: statusOf(brief.state, row.task_status),
    error: brief.state === 'OPEN' ? (row.task_error as string | null) : null,
  };
}

/** It follows the task until there is a text; of a task that is not kept any more, nothing came. */
function statusOf(state: BriefState, taskStatus: unknown): BriefStatus {
  if (state !== 'OPEN') return state;
  if (taskStatus === 'PENDING') return 'QUEUED';
  return taskStatus === 'RUNNING' || taskStatus === 'CANCELLED' ? taskStatus : 'FAILED';
}
