import type { Database } from '../../db/client.ts';
import { elsewhere, literal, MAX_CITED } from './citing.ts';
import type { ReportPlace } from './report.ts';
import type { ReportLine } from './tables.ts';

/** Refusals of callers of whom nobody knows who they are; such rows stand in the log of this tenant. */
const HOME = 'default';
/** Lines; a flood has few, for what is alike is counted together. */
const MAX_LINES = 200;
/** Rows get their time at the start of their transaction, so some are a little older than those before them. */
const SLACK_MS = 60_000;

interface Failed {
  readonly day: string;
  readonly door: string;
  readonly code: string;
  readonly times: number;
  readonly rows: number;
  readonly ids: string[];
}

const KINDS: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'no credential, or none that is valid',
  RATE_LIMITED: 'too many wrong credentials from one address',
};

/** Refused log-ins by day, door and kind, out of the audit log, which has no bodies; addresses are not told. */
export async function loginLines(db: Database, place: ReportPlace): Promise<ReportLine[]> {
  if (place.tenantId !== HOME)
    return [
      {
        state: 'UNKNOWN',
        text: 'Who shows nothing valid is of no tenant: failed log-ins are told in the report of the tenant `default`.',
        cites: [elsewhere('complianceReports of default')],
      },
    ];
  const found = await failedLogins(db, place);
  const shown = found.slice(0, MAX_LINES).map(({ day, door, code, times, rows, ids }): ReportLine => {
    const at = `at >= ${literal(`${day}T00:00:00.000Z`)} and at < ${literal(`${day}T00:00:00.000Z`)}::timestamptz + interval '1 day'`;
    const within = `at >= ${literal(place.since)} and at < ${literal(place.until)}`;
    const where = `tenant_id = ${literal(HOME)} and actor is null and action = ${literal(door)} and result = ${literal(code)} and ${at} and ${within}`;
    return {
      state: code === 'RATE_LIMITED' ? 'ATTENTION' : 'OK',
      text: `${day}, ${door}: ${times} times ${KINDS[code] ?? code}`,
      cites: [{ source: 'echo_audit_log', where, ids, rows }],
    };
  });
  const where = `tenant_id = ${literal(HOME)} and actor is null and result in ('UNAUTHENTICATED', 'RATE_LIMITED') and at >= ${literal(place.since)} and at < ${literal(place.until)}`;
  if (found.length > MAX_LINES)
    shown.push({
      state: 'ATTENTION',
      text: `${found.length - MAX_LINES} more days, doors and kinds`,
      cites: [
        { source: 'echo_audit_log', where, ids: [], rows: found.reduce((sum, { rows }) => sum + rows, 0) },
      ],
    });
  return shown.length > 0
    ? shown
    : [
        {
          state: 'OK',
          text: 'There were none.',
          cites: [{ source: 'echo_audit_log', where, ids: [], rows: 0 }],
        },
      ];
}

async function failedLogins({ pool }: Database, { since, until }: ReportPlace): Promise<Failed[]> {
  const { rows: before } = await pool.query<{ id: string }>({
    name: 'audit_row_before',
    text: `select id::text from echo_audit_log where at < $1 order by id desc limit 1`,
    values: [new Date(since.getTime() - SLACK_MS)],
  });
  const { rows } = await pool.query<Failed>({
    name: 'failed_log_ins',
    text: `select to_char(at at time zone 'UTC', 'YYYY-MM-DD') as day, action as door, result as code,
             sum(coalesce((detail->>'times')::int, 1))::int as times, count(*)::int as rows,
             (array_agg(id::text order by id))[1:${MAX_CITED}] as ids
           from echo_audit_log
           where id > $1 and at >= $2 and at < $3 and tenant_id = $4 and actor is null
             and result in ('UNAUTHENTICATED', 'RATE_LIMITED')
           group by 1, 2, 3 order by 1, 2, 3`,
    values: [before[0]?.id ?? '0', since, until, HOME],
  });
  return rows;
}
