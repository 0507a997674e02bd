import type { Database } from '../../db/client.ts';
import type { Asker } from '../../ground/promise.ts';
import { SERVER_OWNER } from '../tasks/scope.ts';
import type { ComplianceReport } from './compliance.ts';

/** The name of the job, by which its results are found. */
export const COMPLIANCE_CHECK = 'compliance_check';

/** A check that came to its end. */
export interface LatestCheck {
  readonly at: Date;
  readonly report: ComplianceReport;
}

/** The watch, which asks every second, takes what was read so many milliseconds ago. */
const READ_MS = 300_000;

/** Knows what the latest compliance check of the server found, on whichever server it ran. */
export class ComplianceDesk {
  /** Whether the operator's key is set. */
  readonly hasOperatorKey: () => boolean;
  /** What time it is. */
  readonly now: () => Date;
  readonly #db: Database;
  #known: { readonly latest: LatestCheck | null; readonly readAt: number } | null = null;

  constructor(db: Database, given: Pick<ComplianceDesk, 'hasOperatorKey' | 'now'>) {
    this.#db = db;
    this.hasOperatorKey = given.hasOperatorKey;
    this.now = given.now;
  }

  /** A check has come to its end here. */
  note(latest: LatestCheck): void {
    this.#known = { latest, readAt: performance.now() };
  }

  /** Null: there was none. */
  async latest(asker: Asker): Promise<LatestCheck | null> {
    const known = this.#known;
    if (asker === 'watch' && known && performance.now() - known.readAt < READ_MS) return known.latest;
    const latest = await this.read();
    // One that has ended here meanwhile may not be written down yet.
    const isNewer = !latest || (this.#known?.latest && this.#known.latest.at > latest.at);
    this.#known = { latest: isNewer ? (this.#known?.latest ?? latest) : latest, readAt: performance.now() };
    return this.#known.latest;
  }

  /** As it is stored: only of the server itself, so that no other task hides what it found. */
  async read(): Promise<LatestCheck | null> {
    const { rows } = await this.#db.pool.query<LatestCheck>({
      name: 'latest_compliance_check',
      text: `select completed_at as at, result as report from autonomous_tasks
             where tenant_id = $1 and user_id is null and task_type = $2 and status = 'COMPLETED'
             order by id desc limit 1`,
      values: [SERVER_OWNER.tenantId, COMPLIANCE_CHECK],
    });
    return rows[0] ?? null;
  }
}
