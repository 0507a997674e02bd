import type { Scope } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, onlyRow, type Page, type RawRow } from '../../db/statements.ts';
import { type LearningRefusalRow, type LearningRunRow, learningRefusals, learningRuns } from './tables.ts';

type Reader = Pick<Database, 'pool'>;

/** Refusals of one run that are shown. */
export const REFUSALS_SHOWN = 100;

/** Runs over the turns of a user, or of all of a tenant, newest first. */
export async function runPage({ pool }: Reader, scope: Scope, page: Page<number>): Promise<LearningRunRow[]> {
  const direction = page.inverted ? 'asc' : 'desc';
  const { rows } = await pool.query<RawRow>({
    name: `learning_run_page_${direction}`,
    text: `select * from learning_history where ($1::text is null or user_id = $1) and tenant_id = $2 and id < $3 and id > $4
           order by id ${direction} limit $5`,
    values: [scope.userId, scope.tenantId, page.after ?? 2_147_483_647, page.before ?? 0, page.limit],
  });
  return rows.map((row) => mapRow(learningRuns, row));
}

/** The latest of them; null: there was none. */
export async function latestRun(reader: Reader, scope: Scope): Promise<LearningRunRow | null> {
  const [run] = await runPage(reader, scope, { after: null, before: null, limit: 1, inverted: false });
  return run ?? null;
}

/** What all of them together did. */
export interface RunTotals {
  readonly runs: number;
  readonly turnsSeen: number;
}

/** What all runs over the turns of a user, or of all of a tenant, did together. */
export async function totalsOfRuns({ pool }: Reader, scope: Scope): Promise<RunTotals> {
  const found = await pool.query<RunTotals>({
    name: 'totals_of_learning_runs',
    text: `select count(*)::int as runs, coalesce(sum(turns_seen), 0)::int as "turnsSeen" from learning_history
           where ($1::text is null or user_id = $1) and tenant_id = $2`,
    values: [scope.userId, scope.tenantId],
  });
  return onlyRow(found);
}

/** What runs did not take, in the order of the runs. */
export async function refusalsOf(
  { pool }: Reader,
  tenantId: string,
  runs: readonly number[],
): Promise<LearningRefusalRow[][]> {
  const { rows } = await pool.query<RawRow>({
    name: 'refusals_of_learning_runs',
    text: `select r.* from unnest($1::int[]) as w(run) cross join lateral (
             select f.* from learning_refusals f join learning_history h on h.id = f.run
             where f.run = w.run and h.tenant_id = $2 order by f.turn_id, f.reason, f.field limit ${REFUSALS_SHOWN}) r`,
    values: [runs, tenantId],
  });
  const byRun = Map.groupBy(
    rows.map((row) => mapRow(learningRefusals, row)),
    ({ run }) => run,
  );
  return runs.map((run) => byRun.get(run) ?? []);
}
