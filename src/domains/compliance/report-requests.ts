import type { Database } from '../../db/client.ts';
import { bounded, cited, day, daysBetween, elsewhere, literal, many } from './citing.ts';
import { DEADLINES, dueAt } from './regions.ts';
import type { ReportPlace } from './report.ts';
import type { DataRequestRow, ReportLine } from './tables.ts';

type Request = Pick<
  DataRequestRow,
  'id' | 'requestId' | 'kind' | 'region' | 'askedAt' | 'dueAt' | 'closedAt' | 'outcome'
> & {
  /** When everything of the person was erased that had been there; null: it was not. */
  readonly erasedAt: Date | null;
};

/** Requests of persons that are open or were closed in the time, and erasures that nobody noted as requests. */
export async function requestLines(db: Database, place: ReportPlace): Promise<ReportLine[]> {
  const where = `tenant_id = ${literal(place.tenantId)} and (closed_at is null or closed_at >= ${literal(place.since)})`;
  const { rows } = await db.pool.query<Request>({
    name: 'requests_to_report',
    text: `select r.id, r.request_id as "requestId", r.kind, r.region, r.asked_at as "askedAt", r.due_at as "dueAt",
             r.closed_at as "closedAt", r.outcome,
             (select min(e.completed_at) from echo_erasures e where e.subject = r.subject and e.tenant_id = r.tenant_id
                and e.completed_at >= r.asked_at) as "erasedAt"
           from data_subject_requests r
           where r.tenant_id = $1 and (r.closed_at is null or r.closed_at >= $2) order by r.region, r.due_at, r.id`,
    values: [place.tenantId, place.since],
  });
  const all = await cited(db, 'data_subject_requests', 'id', where);
  const noted = bounded(await Promise.all(rows.map((request) => requestLine(db, place, request))), all);
  return [
    ...(noted.length > 0
      ? noted
      : [{ state: 'OK' as const, text: 'No request is open, and none was closed.', cites: [all] }]),
    ...(await erasureLines(db, place)),
    {
      state: 'UNKNOWN',
      text: 'Exports that users fetched by themselves (exportUser) are kept in no table; neither is a request that nobody noted.',
      cites: [elsewhere('exportUser')],
    },
  ];
}

async function requestLine(db: Database, { until }: ReportPlace, request: Request): Promise<ReportLine> {
  const { id, requestId, kind, region, askedAt, outcome } = request;
  // An erasure answers a request for one, also where nobody closed that.
  const erasedAt = kind === 'ERASURE' ? request.erasedAt : null;
  const doneAt = request.closedAt ?? erasedAt;
  const [end, words] = doneAt ? [doneAt, `${outcome ?? 'ERASED'} ${day(doneAt)}`] : [until, 'open'];
  const late = daysBetween(request.dueAt, end);
  const isLate = end > request.dueAt;
  const standing = isLate
    ? `${many(Math.max(late, 1), 'day')} late`
    : doneAt
      ? 'in time'
      : `${many(daysBetween(until, request.dueAt), 'day')} left`;
  return {
    state: isLate ? 'ATTENTION' : 'OK',
    region,
    text: `${kind} ${requestId}: asked ${day(askedAt)}, due ${day(request.dueAt)} (${DEADLINES[region].law}), ${words}, ${standing}`,
    cites: [
      await cited(db, 'data_subject_requests', 'id', `id = ${id}`),
      ...(erasedAt
        ? [
            await cited(
              db,
              'echo_erasures',
              'id',
              `subject = (select subject from data_subject_requests where id = ${id}) and completed_at = ${literal(erasedAt)}`,
            ),
          ]
        : []),
    ],
  };
}

interface BegunErasure {
  readonly id: number;
  readonly receiptId: string;
  readonly erasedAt: Date;
  readonly completedAt: Date | null;
}

/** What users, or admins for them, erased without a noted request. */
async function erasureLines(
  db: Database,
  { tenantId, since, until, region }: ReportPlace,
): Promise<ReportLine[]> {
  const { rows } = await db.pool.query<BegunErasure>({
    name: 'erasures_to_report',
    text: `select e.id, e.receipt_id as "receiptId", e.erased_at as "erasedAt", e.completed_at as "completedAt" from echo_erasures e
           where e.tenant_id = $1 and (e.completed_at is null or e.completed_at >= $2) and not exists (
             select from data_subject_requests r where r.subject = e.subject and r.tenant_id = e.tenant_id
               and r.kind = 'ERASURE' and r.asked_at <= e.erased_at)
           order by e.id`,
    values: [tenantId, since],
  });
  const lines = rows.map(async ({ id, receiptId, erasedAt, completedAt }): Promise<ReportLine> => {
    const due = dueAt(region, erasedAt);
    const isBad = completedAt === null || completedAt > due;
    return {
      state: isBad ? 'ATTENTION' : 'OK',
      region,
      text: `ERASURE without a noted request, receipt ${receiptId}: begun ${day(erasedAt)}, due ${day(due)} (${DEADLINES[region].law}), ${
        completedAt
          ? `complete ${day(completedAt)}`
          : `not complete after ${many(daysBetween(erasedAt, until), 'day')}`
      }`,
      cites: [await cited(db, 'echo_erasures', 'id', `id = ${id}`)],
    };
  });
  const where = `tenant_id = ${literal(tenantId)} and (completed_at is null or completed_at >= ${literal(since)})`;
  return bounded(await Promise.all(lines), await cited(db, 'echo_erasures', 'id', where));
}
