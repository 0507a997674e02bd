import type { Refusal, RefusalLog } from '../../access/refusal.ts';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import type { Keeper } from '../../jobs/keeper.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import type { Logger } from '../../log.ts';
import { type AuditVerification, SEAL_ROWS, sealNext, verifyChain } from './chain.ts';

/** One row of the log, with names for those who may see them. */
export interface AuditEntry {
  readonly id: string;
  readonly at: Date;
  readonly actor: string | null;
  readonly credential: string | null;
  readonly onBehalfOf: string | null;
  readonly address: string | null;
  readonly action: string;
  readonly target: string | null;
  readonly result: string;
  readonly correlationId: string | null;
  readonly detail: Record<string, unknown> | null;
}

/** Milliseconds between two looks for what is to be written and sealed. */
const ROUND_MS = 1_000;
/** Refusals that wait for the database; beyond, they are only counted. */
const MAX_WAITING = 10_000;

/** The audit log: writes of refusals, the hash chain over all rows, reading, retention. */
export class AuditLog implements RefusalLog {
  readonly #db: Database;
  readonly #availability: Availability;
  readonly #log: Logger;
  readonly #retentionDays: number;
  readonly #onRefused: (code: string) => void;
  readonly #headPath: string | null;
  readonly #keeper: Keeper;
  readonly #waiting = new Map<string, { refusal: Refusal; times: number }>();
  #dropped = 0;
  #running: Promise<void> = Promise.resolve();

  /**
   * @param parts.onRefused told of each refusal, for a figure of them
   * @param parts.headPath a file outside the database that remembers the last seal: a chain that was cut off at its end
   *   is whole by itself
   */
  constructor(parts: {
    db: Database;
    availability: Availability;
    log: Logger;
    keepers: Keepers;
    retentionDays: number;
    onRefused?: (code: string) => void;
    headPath?: string;
  }) {
    this.#db = parts.db;
    this.#availability = parts.availability;
    this.#log = parts.log;
    this.#retentionDays = parts.retentionDays;
    this.#onRefused = parts.onRefused ?? (() => undefined);
    this.#headPath = parts.headPath ?? null;
    const round = () => this.flush();
    // A refusal is soon in the log, also after a round that failed.
    this.#keeper = parts.keepers.create({ name: 'audit log', everyMs: ROUND_MS, retryMs: ROUND_MS, round });
  }

  /** It is written within a second, one row for all that are alike. */
  refused(refusal: Refusal): void {
    const { actor, address, action, code } = refusal;
    this.#onRefused(code);
    const key = JSON.stringify([
      actor?.tenantId,
      actor?.user,
      actor?.credential,
      actor?.address ?? address,
      action,
      code,
    ]);
    const known = this.#waiting.get(key);
    if (known) known.times++;
    else if (this.#waiting.size >= MAX_WAITING) this.#dropped++;
    else this.#waiting.set(key, { refusal, times: 1 });
  }

  start(): void {
    this.#keeper.start();
  }

  /** Writes what still waits. */
  async stop(): Promise<void> {
    await this.#keeper.stop();
    await this.flush().catch((error: unknown) =>
      this.#log.error({ err: error, refusals: this.#waiting.size }, 'the audit log could not be kept'),
    );
  }

  /** Writes what waits, and seals what is written; one call after the other, so that nothing is half written after it. */
  flush(): Promise<void> {
    const flushed = this.#running.then(() => this.#flush());
    // The caller hears of a failure; the next call goes on.
    this.#running = flushed.catch(() => undefined);
    return flushed;
  }

  async #flush(): Promise<void> {
    if (!this.#availability.isUp) return;
    await this.#writeRefusals();
    while ((await sealNext(this.#db, this.#headPath)) === SEAL_ROWS);
  }

  async #writeRefusals(): Promise<void> {
    if (this.#waiting.size === 0) return;
    const some = [...this.#waiting.entries()];
    const dropped = this.#dropped;
    const rows = some.map(([, { refusal, times }], index) => ({
      tenant: refusal.actor?.tenantId ?? 'default',
      action: refusal.action,
      code: refusal.code,
      teller: refusal.actor ?? { address: refusal.address, correlationId: refusal.correlationId },
      detail: {
        ...(times > 1 && { times }),
        ...(index === 0 && dropped > 0 && { moreRefusals: dropped }),
      },
    }));
    // Taken out first: those that are counted meanwhile are others.
    this.#waiting.clear();
    this.#dropped = 0;
    const written = this.#db.pool.query({
      name: 'audit_refusals',
      text: `select echo_audit(r.tenant, null, r.action, null, r.code, r.detail, r.teller)
             from json_to_recordset($1) as r(tenant text, action text, code text, teller jsonb, detail jsonb)`,
      values: [JSON.stringify(rows)],
    });
    await written.catch((error: unknown) => {
      for (const [key, waiting] of some) if (!this.#waiting.has(key)) this.#waiting.set(key, waiting);
      this.#dropped += dropped;
      throw error;
    });
  }

  /** Compares the log with its hash chain, and every name with its pseudonym. */
  verify(): Promise<AuditVerification> {
    return verifyChain(this.#db, { retentionDays: this.#retentionDays, headPath: this.#headPath });
  }

  /** Rows of a tenant after one, oldest first, with the names that have not been erased. */
  async entries(tenantId: string, after: bigint, limit: number): Promise<AuditEntry[]> {
    const { rows } = await this.#db.pool.query<AuditEntry>({
      name: replicable('audit_entries'),
      text: `select a.id::text as id, a.at, coalesce(who.name, a.actor) as actor, a.credential,
               coalesce(whose.name, a.on_behalf_of) as "onBehalfOf", coalesce(place.name, a.address) as address,
               a.action, coalesce(what.name, a.target) as target, a.result, a.correlation_id as "correlationId", a.detail
             from echo_audit_log a
             left join echo_audit_names who on who.pseudonym = a.actor
             left join echo_audit_names whose on whose.pseudonym = a.on_behalf_of
             left join echo_audit_names place on place.pseudonym = a.address
             left join echo_audit_names what on what.pseudonym = a.target
             where a.tenant_id = $1 and a.id > $2 order by a.id limit $3`,
      values: [tenantId, after, limit],
    });
    return rows;
  }
}
