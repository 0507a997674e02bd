import type { Database } from '../../db/client.ts';
import { onlyRow } from '../../db/statements.ts';
import type { Asker } from '../../ground/promise.ts';
import { SERVER_OWNER } from '../tasks/scope.ts';
import { UNANSWERED } from './dispute-tables.ts';
import { RECONCILE } from './job-names.ts';

/** How our books stand beside those of Stripe. */
export interface Books {
  /** Differences that nobody has resolved. */
  readonly open: number;
  /** The kinds of them, in their order. */
  readonly kinds: readonly string[];
  /** When the latest reconciliation ended; null: there was none. */
  readonly reconciledAt: Date | null;
  /** Disputes that wait for evidence. */
  readonly unanswered: number;
  /** Until when the first of them takes it; null: there is none, or it does not say. */
  readonly dueAt: Date | null;
}

/** The watch, which asks every second, takes what was read so many milliseconds ago. */
const READ_MS = 10_000;

/** Knows of the differences and disputes, on whichever server they were found. */
export class PaymentDesk {
  readonly #db: Database;
  #known: { readonly books: Books; readonly readAt: number } | null = null;

  constructor(db: Database) {
    this.#db = db;
  }

  async books(asker: Asker): Promise<Books> {
    const known = this.#known;
    if (asker === 'watch' && known && performance.now() - known.readAt < READ_MS) return known.books;
    const { rows } = await this.#db.pool.query<Books>({
      name: 'payment_books',
      text: `select count(*)::int as open, coalesce(array_agg(distinct kind order by kind), '{}') as kinds,
               (select max(completed_at) from autonomous_tasks where tenant_id = $1 and user_id is null and task_type = $2
                 and status = 'COMPLETED') as "reconciledAt",
               (select count(*)::int from payment_disputes where state = any($3::text[])) as unanswered,
               (select min(due_at) from payment_disputes where state = any($3::text[])) as "dueAt"
             from payment_differences where resolved_at is null`,
      values: [SERVER_OWNER.tenantId, RECONCILE, UNANSWERED],
    });
    const books = onlyRow({ rows });
    this.#known = { books, readAt: performance.now() };
    return books;
  }
}
