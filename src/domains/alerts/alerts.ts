import { randomUUID } from 'node:crypto';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import type { Page } from '../../db/statements.ts';
import { SERVER_TENANT } from '../../events/event.ts';
import type { EventOutbox } from '../../events/outbox.ts';
import type { AlertKind, AlertSeverity, AlertTeller } from '../../ground/promise.ts';
import type { Logger } from '../../log.ts';
import { openAlerts } from './reads.ts';
import type { AlertRow } from './tables.ts';

export type AlertState = 'RAISED' | 'CLEARED';

/** A danger to a promise began or ended. */
export interface Alert {
  /** Its id on the server that saw it; null: it was told of by a version without ids. */
  readonly alertId: string | null;
  /** Which danger, such as database_down. */
  readonly name: string;
  readonly severity: AlertSeverity;
  readonly state: AlertState;
  readonly message: string;
  readonly at: Date;
  /** Where it says what to do: a page of the repository with an anchor, or a URL; null: nowhere. */
  readonly runbook: string | null;
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
  /** What began and ended before somebody followed. */
  #early: Alert[] = [];
  #follower: ((alert: Alert) => void) | null = null;

  /** @param onAlert told of each beginning and end; must not wait */
  constructor(outbox: EventOutbox, log: Logger, onAlert: (alert: Alert) => void = () => undefined) {
    this.#outbox = outbox;
    this.#log = log;
    this.#onAlert = onAlert;
  }

  /** Tells each beginning and end from the first one on. @param follower must not wait */
  follow(follower: (alert: Alert) => void): void {
    this.#follower = follower;
    for (const alert of this.#early.splice(0)) follower(alert);
  }

  /** The dangers that have not ended, oldest first. */
  get active(): readonly Alert[] {
    return [...this.#active.values()];
  }

  raise<Facts>({ name, severity, runbook, message: messageOf }: AlertKind<Facts>, facts: Facts): void {
    if (this.#active.has(name)) return;
    const message = messageOf(facts);
    this.#log.error({ alert: name, severity, message, runbook }, 'alert raised');
    const alert = { alertId: randomUUID(), name, severity, runbook, message, state: 'RAISED' as const };
    this.#active.set(name, this.#tell(alert));
  }

  clear({ name }: Pick<AlertKind<never>, 'name'>, message: string): void {
    const alert = this.#active.get(name);
    if (!alert) return;
    this.#active.delete(name);
    this.#log.info({ alert: name, message }, 'alert cleared');
    this.#tell({ ...alert, state: 'CLEARED', message });
  }

  /** Somebody says that a danger is over; it begins anew where it is not. */
  resolve(alert: Omit<Alert, 'at' | 'state' | 'message'>, message: string): void {
    if (this.#active.has(alert.name)) this.clear(alert, message);
    else this.#tell({ ...alert, state: 'CLEARED', message });
  }

  /** An alert that somebody resolved elsewhere: it may begin anew, and nobody is told that it ended. */
  forget(alertId: string): void {
    for (const [name, alert] of this.#active) if (alert.alertId === alertId) this.#active.delete(name);
  }

  set<Facts>(kind: AlertKind<Facts>, facts: Facts | null): void {
    if (facts === null) this.clear(kind, 'over');
    else this.raise(kind, facts);
  }

  #tell(told: Omit<Alert, 'at'>): Alert {
    const alert: Alert = { ...told, at: new Date() };
    void this.#outbox.announce({ kind: 'alert', tenantId: SERVER_TENANT, payload: { ...told } });
    this.#onAlert(alert);
    if (this.#follower) this.#follower(alert);
    else this.#early.push(alert);
    return alert;
  }
}

interface StoredEvent {
  readonly id: number;
  readonly at: Date;
  readonly payload: object;
}

/** An alert as an event holds it; those of earlier versions have less. */
export function asAlert(payload: object, at: Date): Alert {
  return { alertId: null, runbook: null, ...(payload as Omit<Alert, 'at' | 'alertId' | 'runbook'>), at };
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
  return result.rows.map((row) => ({ ...asAlert(row.payload, row.at), id: row.id }));
}

/** A stored alert, as it began or ended. */
export function shownAlert({
  alertId,
  name,
  severity,
  message,
  runbook,
  status,
  raisedAt,
  resolvedAt,
}: AlertRow): Alert {
  const isOver = status === 'RESOLVED';
  return {
    ...{ alertId, name, severity, message, runbook },
    state: isOver ? 'CLEARED' : 'RAISED',
    at: isOver ? (resolvedAt ?? raisedAt) : raisedAt,
  };
}

/** Alerts of other servers that are shown beside those of this one. */
const MAX_OF_OTHERS = 100;
/** What they are waited for. */
const OTHERS_MS = 500;

/** The dangers that this server sees, and, where the database answers, those that others see; oldest first. */
export async function activeAlerts({
  db,
  availability,
  alerts,
}: {
  readonly db: Database;
  readonly availability: Pick<Availability, 'tolerate'>;
  readonly alerts: AlertBoard;
}): Promise<Alert[]> {
  const stored = await availability.tolerate(() => openAlerts(db, MAX_OF_OTHERS), [], OTHERS_MS);
  const own = new Set(alerts.active.map(({ name }) => name));
  const others = stored.filter(({ name }) => !own.has(name)).map(shownAlert);
  return [...others, ...alerts.active].toSorted((one, other) => one.at.getTime() - other.at.getTime());
}
