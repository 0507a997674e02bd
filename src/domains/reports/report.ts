import type { Database } from '../../db/client.ts';
import type { RunningTask } from '../../jobs/job.ts';
import { enqueueNote } from '../alerts/notes.ts';
import type { WayName } from '../alerts/ways.ts';
import { type FigureServices, figuresOfDay } from './figures.ts';
import { written } from './text.ts';

export interface ReportServices extends FigureServices {
  readonly db: Database;
  readonly now: () => Date;
  readonly config: { readonly alerts: { readonly chain: readonly WayName[] } };
  readonly deliveries: { wake(): void };
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/**
 * Puts the report of the 24 hours before now into the outbox, once for a task.
 *
 * @returns which delivery it is, and what it says
 */
export async function sendReport(
  services: ReportServices,
  timeZone: string,
  task: RunningTask,
): Promise<{
  readonly deliveryId: string | null;
  readonly subject: string;
  readonly lines: readonly string[];
}> {
  const { config, now, deliveries } = services;
  // The same for all attempts.
  const to = await task.once('up to', async () => Math.floor(now().getTime() / MINUTE_MS) * MINUTE_MS);
  const { subject, lines, data } = written(await figuresOfDay(services, { from: to - DAY_MS, to }), timeZone);
  const sent = await task.once('sent', async (client) => ({
    deliveryId: await enqueueNote(client, config.alerts.chain, {
      kind: 'report.daily',
      subject,
      lines,
      data,
    }),
    ...{ subject, lines },
  }));
  deliveries.wake();
  return sent;
}
