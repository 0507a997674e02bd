import type { ActivityNotes } from '../../ground/activity.ts';
import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import type { Courier } from '../deliveries/courier.ts';
import { nameOfDirectory } from '../tasks/worker-directory.ts';
import { type Alert, AlertBoard } from './alerts.ts';
import { AlertChannel } from './channel.ts';
import { openWays } from './configured.ts';
import { AlertDesk } from './desk.ts';
import { DirectSender } from './direct.ts';
import { NoticeBook } from './notices.ts';
import type { AlertWay } from './ways.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly alerts: AlertBoard;
    /** All that are configured, and the log. */
    readonly alertWays: readonly AlertWay[];
  }
}

/** Which dangers there are: the first to open, so that whatever opens later can tell of one. */
export function openAlerts({ log, outbox, activity }: Ports & { readonly activity: ActivityNotes }): {
  alerts: AlertBoard;
} {
  return { alerts: new AlertBoard(outbox, log, (alert) => note(activity, alert)) };
}

/**
 * Who is told of them.
 *
 * @throws SettingForbidden where nobody may be called as it is configured
 */
export async function openAlertDesk(
  ports: Ports & { readonly alerts: AlertBoard; readonly deliveries: Courier },
  closing: ClosingStack,
): Promise<{ alertWays: readonly AlertWay[] }> {
  const { config, db, log, journal, availability, keepers, alerts: board, deliveries } = ports;
  const alertWays = await openWays(ports);
  const { chain, escalateMs, cooldownMs } = config.alerts;
  const ways = chain.flatMap((name) => alertWays.find((way) => way.name === name) ?? []);
  deliveries.register(new AlertChannel({ db, log, ways, deliveries }));
  const book = new NoticeBook(journal, log);
  const direct = new DirectSender({ book, ways, log, escalateMs });
  const server = nameOfDirectory(config.dataDirectory);
  const desk = new AlertDesk({
    ...{ db, availability, keepers, deliveries, board, book, direct },
    ...{ server, chain, escalateMs, cooldownMs },
  });
  board.follow((alert) => desk.take(alert));
  desk.start();
  closing.defer(() => desk.stop());
  return { alertWays };
}

/** Not with its message, which may hold the words of an error. */
function note(activity: ActivityNotes, { name, state, severity }: Alert): void {
  const isRaised = state === 'RAISED';
  activity.note({
    kind: isRaised ? 'alert_raised' : 'alert_cleared',
    subject: name,
    message: isRaised ? `${severity}: ${name}` : `${name} is over`,
    level: !isRaised ? 'INFO' : severity === 'CRITICAL' ? 'ERROR' : 'WARNING',
  });
}
