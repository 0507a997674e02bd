import type { Database } from '../../db/client.ts';
import type { Page } from '../../db/statements.ts';
import { SERVER_TENANT } from '../../events/event.ts';
import type { EventOutbox } from '../../events/outbox.ts';
import type { AlertKind, AlertSeverity, AlertTeller } from '../../ground/promise.ts';
import type { Logger } from '../../log.ts';

export type AlertState = 'RAISED' | 'CLEARED';

/** A danger to a promise began or ended. */
export interface Alert {
  /** Which danger, such as database_down. */
  readonly name: string;
  readonly severity: AlertSeverity;
  readonly state: AlertState;
  readonly message: string;
  readonly at: Date;
}

export interface StoredAlert extends Alert {
  readonly id: number;
}

/** Which dangers there are at this moment; tells when one begins and when it ends, even while the database is away. */
export class AlertBoard implements AlertTeller {
  readonly #outbox: EventOutbox;
  readonly #log: Logger;
  readonly #onAlert: (alert: Alert) => void;
  readonly #active = new Map<string, Alert>();

  /** @param onAlert told of each beginning and end; must not wait */
  constructor(outbox: EventOutbox, log: Logger, onAlert: (alert: Alert) => void = () => undefined) {
    this.#outbox = outbox;
    this.#log = log;
    this.#onAlert = onAlert;
  }

  /** The dangers that have not ended, oldest first. */
  get active(): readonly Alert[] {
    return [...this.#active.values()];
  }

  raise<Facts>({ name, severity, runbook, message: messageOf }: AlertKind<Facts>, facts: Facts): void {
    if (this.#active.has(name)) return;
    const message = messageOf(facts);
    this.#log.error({ alert: name, severity, message, runbook }, 'alert raised');
    this.#active.set(name, this.#tell(name, severity, 'RAISED', message));
  }

  clear({ name }: Pick<AlertKind<never>, 'name'>, message: string): void {
    const alert = this.#active.get(name);
    if (!alert) return;
    this.#active.delete(name);
    this.#log.info({ alert: name, message }, 'alert cleared');
    this.#tell(name, alert.severity, 'CLEARED', message);
  }

  set<Facts>(kind: AlertKind<Facts>, facts: Facts | null): void {
    if (facts === null) this.clear(kind, 'over');
    else this.raise(kind, facts);
  }

  #tell(name: string, severity: AlertSeverity, state: AlertState, message: string): Alert {
    const alert: Alert = { name, severity, state, message, at: new Date() };
    void this.#outbox.announce({
      kind: 'alert',
      tenantId: SERVER_TENANT,
      payload: { name, severity, state, message },
    });
    this.#onAlert(alert);
    return alert;
  }
}

interface StoredEvent {
  readonly id: number;
  readonly at: Date;
  readonly payload: Omit<Alert, 'at'>;
}

/** What was raised and cleared, newest first. */
export async function alertPage(db: Database, page: Page<number>): Promise<StoredAlert[]> {
  const direction = page.inverted ? 'asc' : 'desc';
  const result = await db.pool.query<StoredEvent>({
    name: `alert_page_${direction}`,
    text: `select id::int as id, at, payload from echo_events
           where kind = 'alert' and tenant_id = '${SERVER_TENANT}' and id < $1 and id > $2 order by id ${direction} limit $3`,
    values: [page.after ?? 2_147_483_647, page.before ?? 0, page.limit],
  });
  return result.rows.map((row) => ({ ...row.payload, id: row.id, at: row.at }));
}
