import type { Availability } from '../../db/availability.ts';
import { type Asker, type Bound, defineAlert, definePromise, type Standing } from '../../ground/promise.ts';
import type { Courier } from './courier.ts';

interface Parts {
  readonly availability: Availability;
  readonly deliveries: Pick<Courier, 'outlook' | 'waitedSeconds'>;
}

const WAIT: Bound = {
  of: 'time that a delivery which is due, and which nothing keeps from being sent, has waited',
  limit: 300,
  unit: 'seconds',
};

const deliveriesLate = defineAlert<string>({
  name: 'deliveries_late',
  severity: 'WARNING',
  words: 'What is to be sent to other servers is not sent.',
  message: (detail) => detail,
});

export const deliveries = definePromise<Parts>({
  name: 'deliveries',
  words: 'What is to be sent to other servers is tried soon after it is due.',
  bounds: [WAIT],
  check: checkDeliveries,
  alert: deliveriesLate,
  figures: [
    {
      name: 'echo_deliveries_wait_seconds',
      words: 'How long a delivery has waited that nothing keeps from being sent; 0 if none does',
      read: ({ availability, deliveries }) =>
        availability.tolerate(async () => (await deliveries.outlook()).waitedSeconds, null),
    },
  ],
});

async function checkDeliveries({ availability, deliveries }: Parts, asker: Asker): Promise<Standing> {
  const seconds =
    asker === 'watch'
      ? deliveries.waitedSeconds
      : await availability.tolerate(async () => (await deliveries.outlook()).waitedSeconds, null);
  const isLate = seconds !== null && seconds > WAIT.limit;
  return {
    status: seconds === null ? 'UNKNOWN' : isLate ? 'DEGRADED' : 'HEALTHY',
    latencyMs: null,
    detail:
      seconds === null
        ? 'what waits to be sent is unknown without the database'
        : isLate
          ? `a delivery has waited ${Math.round(seconds)} s though nothing keeps it from being sent`
          : 'nothing that could be sent waits',
  };
}
