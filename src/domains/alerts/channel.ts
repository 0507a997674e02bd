import type { Database } from '../../db/client.ts';
import { SERVER_TENANT } from '../../events/event.ts';
import type { Logger } from '../../log.ts';
import type { DeliveryChannel, Outcome } from '../deliveries/channel.ts';
import { enqueue, openTarget } from '../deliveries/outbox.ts';
import type { DeliveryRow } from '../deliveries/tables.ts';
import {
  ALERT_MESSAGES,
  type AlertMessageKind,
  alertMessage,
  type Summary,
  summaryMessage,
} from './messages.ts';
import { carries, noteMessage } from './notes.ts';
import { alertToTell } from './reads.ts';
import { CHANNEL } from './telling.ts';
import type { AlertMessage, AlertWay } from './ways.ts';

interface ChannelOptions {
  readonly db: Database;
  readonly log: Logger;
  /** In the order in which they are told. */
  readonly ways: readonly AlertWay[];
  readonly deliveries: { wake(): void };
}

/** Attempts at one message until the next way has it. */
const PATIENCE = 3;
/** A pause that a receiver asks for is waited for up to this; else the next way has the message. */
const WAITED_FOR_MS = 60_000;
/** So long a way that failed so often is not tried while another one may do. */
const AWAY_MS = 60_000;

/** How a message was tried before: AWAY may take it later, REFUSED will not. */
type Tried = Readonly<Record<string, 'AWAY' | 'REFUSED'>>;

/**
 * Sends what the outbox has of alerts. A way that is down, or cannot reach anybody as it is set up, hands the message on to the
 * next one; where all were tried it waits with one that may come back.
 */
export class AlertChannel implements DeliveryChannel {
  readonly name = CHANNEL;
  readonly #options: ChannelOptions;
  /** Failures in a row, and when the latest was. */
  readonly #away = new Map<string, { readonly failures: number; readonly at: number }>();

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  async send(delivery: DeliveryRow, signal: AbortSignal): Promise<Outcome> {
    const { db, ways } = this.#options;
    const way = ways.find(({ name }) => name === delivery.target);
    const message = await messageOf(db, delivery);
    if (message === null) return { kind: 'NOTHING_LEFT', why: 'the alert is there no more' };
    if (!way)
      return this.#handOn(delivery, 'REFUSED', refused(`${delivery.target} is not configured any more`));
    if (this.#isAway(way.name) && this.#next(delivery, way.name))
      return this.#handOn(delivery, 'AWAY', away('it has not answered for a while'));
    const outcome = await way.send(message, signal);
    if (outcome.kind === 'DELIVERED') this.#away.delete(way.name);
    if (outcome.kind === 'HELD')
      return this.#handOn(delivery, 'REFUSED', refused(outcome.error, outcome.status));
    if (outcome.kind !== 'FAILED') return outcome;
    this.#away.set(way.name, {
      failures: (this.#away.get(way.name)?.failures ?? 0) + 1,
      at: performance.now(),
    });
    const isPatient = delivery.attempts + 1 < PATIENCE && (outcome.retryAfterMs ?? 0) <= WAITED_FOR_MS;
    return isPatient && !this.#isAway(way.name) ? outcome : this.#handOn(delivery, 'AWAY', outcome);
  }

  #isAway(name: string): boolean {
    const { failures = 0, at = 0 } = this.#away.get(name) ?? {};
    return failures >= PATIENCE && performance.now() - at < AWAY_MS;
  }

  /** The way that takes a message over; null: all were tried. */
  #next({ kind, payload }: DeliveryRow, from: string): string | null {
    const tried = { ...(payload.tried as Tried | undefined), [from]: 'AWAY' };
    const names = this.#options.ways.flatMap(({ name }) => (carries(name, kind) ? name : []));
    const start = Math.max(0, names.indexOf(from as never));
    const inOrder = [...names.slice(start), ...names.slice(0, start)];
    return inOrder.find((name) => !(name in tried)) ?? null;
  }

  /** @returns that it goes another way now; or, where there is none, the failure */
  async #handOn(delivery: DeliveryRow, how: 'AWAY' | 'REFUSED', failure: Failed): Promise<Outcome> {
    const { db, log, deliveries } = this.#options;
    const { target } = delivery;
    const tried: Tried = { ...(delivery.payload.tried as Tried | undefined), [target]: how };
    const mayReturn = Object.keys(tried).find((name) => name !== target && tried[name] === 'AWAY');
    const to = this.#next(delivery, target) ?? (how === 'REFUSED' ? mayReturn : undefined);
    if (!to) return failure;
    log.warn(
      { channel: target, problem: failure.error, instead: to },
      'a message for the operator goes another way',
    );
    await db.transaction(
      async (client) => {
        const { tenantId, userId, channel, kind, payload } = delivery;
        await openTarget(client, { channel, target: to }, { tenantId: SERVER_TENANT, userId: null });
        await enqueue(client, [
          {
            ...{ tenantId, userId, channel, kind, target: to },
            order: [CHANNEL, String(payload.alert ?? '')],
            payload: { ...payload, tried },
          },
        ]);
        await client.query({
          name: 'note_alert_handed_on',
          text: 'update echo_alerts set told = array_append(array_remove(array_remove(told, $2), $3), $3) where id = $1',
          values: [payload.alert ?? null, target, to],
        });
      },
      { ownName: true },
    );
    deliveries.wake();
    return { kind: 'NOTHING_LEFT', why: `${failure.error}; told by ${to} instead` };
  }
}

type Failed = Extract<Outcome, { kind: 'FAILED' }>;

const away = (error: string): Failed => ({
  ...{ kind: 'FAILED', reach: 'TARGET', status: null, error, retryAfterMs: null },
});
const refused = (error: string, status: number | null = null): Failed => ({
  ...{ kind: 'FAILED', reach: 'TARGET', status, error, retryAfterMs: null },
});

/** Null: what it would tell of is there no more. */
async function messageOf(db: Database, delivery: DeliveryRow): Promise<AlertMessage | null> {
  const { deliveryId, kind, payload, createdAt } = delivery;
  if (kind === 'alert.summary') return summaryMessage(deliveryId, payload as unknown as Summary, createdAt);
  if (kind === 'report.daily') return noteMessage(delivery);
  if (!isAlertMessage(kind)) return null;
  const alert = await alertToTell(db, Number(payload.alert));
  return (
    alert && alertMessage(deliveryId, kind, alert, kind === 'alert.cleared' ? createdAt : alert.raisedAt)
  );
}

function isAlertMessage(kind: string): kind is AlertMessageKind {
  return ALERT_MESSAGES.includes(kind as AlertMessageKind);
}
