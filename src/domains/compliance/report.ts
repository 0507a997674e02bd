import { randomUUID } from 'node:crypto';
import type { Database } from '../../db/client.ts';
import type { Duty } from '../../db/duty.ts';
import type { RetentionDays } from '../../db/retention.ts';
import { SERVER_TENANT } from '../../events/event.ts';
import { CANARY_TENANT } from '../../ground/ownership.ts';
import type { RunningTask } from '../../jobs/job.ts';
import type { Label } from '../backups/format.ts';
import { day } from './citing.ts';
import type { ComplianceReport } from './compliance.ts';
import { type AccessSettings, accessLines } from './report-access.ts';
import { integrityLines } from './report-integrity.ts';
import { backupLines, retentionLines } from './report-kept.ts';
import { loginLines } from './report-logins.ts';
import { requestLines } from './report-requests.ts';
import type { Region, ReportSection } from './tables.ts';

export interface ReportServices {
  readonly db: Database;
  readonly duties: readonly Duty[];
  readonly compliance: { hasOperatorKey(): boolean; now(): Date };
  readonly backups: { readonly catalog: { all(): Promise<readonly Label[]> } };
  readonly config: AccessSettings & { readonly complianceReport: { readonly region: Region } };
}

/** Whose report it is, of what time. */
export interface ReportPlace {
  readonly tenantId: string;
  readonly since: Date;
  /** What happened from then on is left out. */
  readonly until: Date;
  readonly region: Region;
}

const DAY_MS = 86_400_000;
const USUAL_DAYS = 7;
/** Beyond, a report would be of too much: what lies between is not told. */
const MOST_DAYS = 35;

/**
 * Makes the report of each tenant, and stores it as that of this week in the place of an earlier one of the same week. It goes
 * back to where the one of an earlier week ended.
 *
 * @returns ids of the reports
 */
export async function makeReports(
  services: ReportServices,
  check: ComplianceReport,
  days: RetentionDays,
  task: RunningTask,
): Promise<string[]> {
  const { db, compliance, config } = services;
  // The same for all attempts.
  const until = new Date(await task.once('report until', async () => compliance.now().getTime()));
  const week = day(mondayOf(until));
  const made: string[] = [];
  for (const tenantId of await tenants(db)) {
    task.signal.throwIfAborted();
    const since = await sinceOf(db, tenantId, week, until);
    const place: ReportPlace = { tenantId, since, until, region: config.complianceReport.region };
    const sections = await sectionsOf(services, check, days, place);
    made.push(
      await task.once(`report of ${tenantId}`, async (client) => {
        const { rows } = await client.query<{ id: string }>({
          name: 'store_compliance_report',
          text: `insert into compliance_reports (report_id, tenant_id, week, since, until, region, sections)
                 values ($1, $2, $3, $4, $5, $6, $7)
                 on conflict (tenant_id, week) do update set since = excluded.since, until = excluded.until, region = excluded.region,
                   sections = excluded.sections, made_at = now()
                 returning report_id as id`,
          values: [randomUUID(), tenantId, week, since, until, place.region, JSON.stringify(sections)],
        });
        return rows[0]?.id ?? '';
      }),
    );
  }
  return made;
}

async function sectionsOf(
  { db, duties, compliance, backups, config }: ReportServices,
  check: ComplianceReport,
  days: RetentionDays,
  place: ReportPlace,
): Promise<ReportSection[]> {
  const { access, unused } = await accessLines(db, config, compliance.hasOperatorKey(), place);
  return [
    { part: 'REQUESTS', lines: await requestLines(db, place) },
    { part: 'RETENTION', lines: await retentionLines(db, duties, days) },
    { part: 'BACKUPS', lines: await backupLines(backups, place) },
    { part: 'ACCESS', lines: access },
    { part: 'UNUSED_KEYS', lines: unused },
    { part: 'FAILED_LOGINS', lines: await loginLines(db, place) },
    { part: 'INTEGRITY', lines: await integrityLines(db, check, place) },
  ];
}

/** The tenants that have keys, conversations, requests or erasures, and the usual one. */
async function tenants({ pool }: Database): Promise<string[]> {
  const { rows } = await pool.query<{ tenantId: string }>({
    name: 'tenants_to_report',
    text: `select tenant_id as "tenantId" from (
             select 'default' as tenant_id union select tenant_id from echo_api_keys union select tenant_id from echo_conversations
             union select tenant_id from data_subject_requests union select tenant_id from echo_erasures) t
           where tenant_id <> all($1) order by 1`,
    values: [[CANARY_TENANT, SERVER_TENANT]],
  });
  return rows.map(({ tenantId }) => tenantId);
}

async function sinceOf({ pool }: Database, tenantId: string, week: string, until: Date): Promise<Date> {
  const { rows } = await pool.query<{ until: Date }>({
    name: 'compliance_report_before',
    text: 'select until from compliance_reports where tenant_id = $1 and week < $2 order by week desc limit 1',
    values: [tenantId, week],
  });
  const earliest = until.getTime() - MOST_DAYS * DAY_MS;
  const since = rows[0]?.until.getTime() ?? until.getTime() - USUAL_DAYS * DAY_MS;
  return new Date(Math.min(Math.max(since, earliest), until.getTime()));
}

/** The Monday on which the week of an instant begins, in UTC. */
export function mondayOf(at: Date): Date {
  const midnight = Math.floor(at.getTime() / DAY_MS) * DAY_MS;
  return new Date(midnight - ((at.getUTCDay() + 6) % 7) * DAY_MS);
}
