import type { Database } from '../../db/client.ts';
import type { Duty } from '../../db/duty.ts';
import { countOutdated, outdatings, type RetentionDays } from '../../db/retention.ts';
import type { RunningTask } from '../../jobs/job.ts';
import type { AuditLog } from '../audit/audit.ts';
import { missingTriggers } from '../audit/triggers.ts';
import { type ChainsSeen, verifyChains } from './chains.ts';
import type { ComplianceDesk } from './desk.ts';
import { OVERDUE_DAYS } from './report-kept.ts';

export interface ComplianceServices {
  readonly db: Database;
  readonly audit: Pick<AuditLog, 'flush' | 'verify'>;
  readonly duties: readonly Duty[];
  readonly compliance: ComplianceDesk;
}

/** What a check came to. */
export interface ComplianceReport {
  /** What is wrong, for people; nobody is named. */
  readonly findings: readonly string[];
  readonly audit: {
    readonly seals: number;
    readonly rows: number;
    readonly broken: readonly number[];
    readonly wrongNames: number;
  };
  readonly triggers: { readonly expected: number; readonly missing: readonly string[] };
  readonly chains: ChainsSeen;
  readonly keys: { readonly expired: number; readonly usedAfterExpiry: number };
  readonly erasures: { readonly unfinished: number };
  /** Rows that should have gone, by table. */
  readonly overdue: Readonly<Record<string, number>>;
}

/** An erasure that is not complete after so many hours was cut off. */
const ERASURE_HOURS = 1;
/** Milliseconds after which no further chain is begun. */
const CHAINS_MS = 1_200_000;

/** Looks whether what the server owes is done. @param most conversations whose chains are looked at */
export async function checkCompliance(
  services: ComplianceServices,
  days: RetentionDays,
  most: number,
  task: Pick<RunningTask, 'signal' | 'progress'>,
): Promise<ComplianceReport> {
  const { db, audit, duties, compliance } = services;
  await audit.flush();
  const { seals, rows, broken, wrongNames } = await audit.verify();
  const triggers = await missingTriggers(db, duties);
  const keys = await expiredKeys(db);
  const erasures = await unfinishedErasures(db);
  const overdue = await overdueRows(db, duties, days);
  const last = (await compliance.read())?.report.chains ?? null;
  const chains = await verifyChains(db, last, { most, until: Date.now() + CHAINS_MS }, task);
  const report = { audit: { seals, rows, broken, wrongNames }, triggers, chains, keys, erasures, overdue };
  return { findings: findingsOf(report), ...report };
}

function findingsOf(report: Omit<ComplianceReport, 'findings'>): string[] {
  const { audit, triggers, chains, keys, erasures, overdue } = report;
  const counted = (count: number, problem: string) => (count > 0 ? [`${count} ${problem}`] : []);
  return [
    ...counted(audit.broken.length, 'seals of the audit log do not fit its rows (verifyAudit says which)'),
    ...counted(audit.wrongNames, 'names of the audit log do not fit their pseudonyms'),
    ...triggers.missing.map(
      (trigger) => `the audit log is not told of ${trigger}: its trigger is missing or off`,
    ),
    ...counted(chains.damaged.length, 'conversations do not fit their chains (npm run verify names them)'),
    ...counted(keys.usedAfterExpiry, 'keys were used after they had expired'),
    ...counted(erasures.unfinished, 'erasures were begun and not finished (asked for again, they go on)'),
    ...Object.entries(overdue).map(
      ([table, count]) => `${count} rows of ${table} are kept longer than they should be`,
    ),
  ];
}

async function expiredKeys(db: Database): Promise<ComplianceReport['keys']> {
  const { rows } = await db.pool.query<ComplianceReport['keys']>({
    name: 'expired_keys',
    // When a key was used last is written to the minute. Of all tenants.
    text: `select count(*) filter (where expires_at < now() and revoked_at is null)::int as expired,
             count(*) filter (where last_used_at > expires_at + interval '2 minutes')::int as "usedAfterExpiry"
           from echo_api_keys`,
  });
  return rows[0] ?? { expired: 0, usedAfterExpiry: 0 };
}

async function unfinishedErasures(db: Database): Promise<ComplianceReport['erasures']> {
  const { rows } = await db.pool.query<ComplianceReport['erasures']>({
    name: 'unfinished_erasures',
    text: `select count(*)::int as unfinished from echo_erasures
           where completed_at is null and erased_at < now() - $1 * interval '1 hour'`,
    values: [ERASURE_HOURS],
  });
  return rows[0] ?? { unfinished: 0 };
}

async function overdueRows(
  db: Database,
  duties: readonly Duty[],
  settings: RetentionDays,
): Promise<Record<string, number>> {
  const overdue: Record<string, number> = {};
  for (const outdating of outdatings(duties, settings)) {
    const count = await countOutdated(db.pool, { ...outdating, days: outdating.days + OVERDUE_DAYS });
    if (count > 0) overdue[outdating.table] = count;
  }
  return overdue;
}
