import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { SERVER_TENANT } from '../../events/event.ts';
import { targetFigures } from '../deliveries/outbox.ts';
import { latestFailures } from '../deliveries/reads.ts';
import { CHANNEL } from './telling.ts';
import type { AlertWay, WayName } from './ways.ts';

interface Services {
  readonly db: Database;
  readonly availability: Pick<Availability, 'tolerate'>;
  readonly config: { readonly alerts: { readonly chain: readonly WayName[] } };
  readonly alertWays: readonly AlertWay[];
}

/** How a channel of alerts stands. */
export interface ChannelStanding {
  readonly name: WayName;
  /** Among those that are told, from 1; null: it is not told. */
  readonly position: number | null;
  readonly waiting: number;
  readonly lastDeliveredAt: Date | null;
  readonly pausedUntil: Date | null;
  readonly lastFailedAt: Date | null;
  readonly lastError: string | null;
}

/** The channels that are configured, in the order in which they are told; also while the database is away, with less. */
export async function listAlertChannels({
  db,
  availability,
  config,
  alertWays,
}: Services): Promise<ChannelStanding[]> {
  const { chain } = config.alerts;
  const names = alertWays.map(({ name }) => name);
  const figures = await availability.tolerate(() => targetFigures(db, SERVER_TENANT, CHANNEL, names), []);
  const failures = await availability.tolerate(() => latestFailures(db, SERVER_TENANT, CHANNEL, names), []);
  return names
    .map((name, place) => ({
      ...{ name, position: chain.indexOf(name) + 1 || null },
      waiting: figures[place]?.waiting ?? 0,
      lastDeliveredAt: figures[place]?.lastDeliveredAt ?? null,
      pausedUntil: figures[place]?.blockedUntil ?? null,
      lastFailedAt: failures[place]?.at ?? null,
      lastError: failures[place]?.error ?? null,
    }))
    .toSorted((one, other) => (one.position ?? 99) - (other.position ?? 99));
}
