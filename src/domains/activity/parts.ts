import { pruneEvents } from '../../events/pruned.ts';
import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import { Activity } from './activity.ts';
import { createKeeperLook } from './keeper-look.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly activity: Activity;
  }
}

const ROUND_MS = 1_000;
const PRUNE_MS = 600_000;
/** What is kept of the stream. */
const MAX_LINES = 50_000;

/** What tells what the server is doing; open before whoever has something to tell. */
export function openActivity(
  { config, db, outbox, log, keepers, availability }: Ports,
  closing: ClosingStack,
): { activity: Activity } {
  const activity = new Activity({ outbox, log });
  const lookAtKeepers = createKeeperLook(keepers, activity);
  const round = () => {
    lookAtKeepers();
    activity.round();
  };
  const prune = () =>
    pruneEvents(db, 'activity', {
      rows: MAX_LINES,
      before: new Date(Date.now() - config.eventsRetentionDays * 86_400_000),
    });
  const going = [
    keepers.create({ name: 'activity', everyMs: ROUND_MS, round }),
    keepers.create({ name: 'activity retention', everyMs: PRUNE_MS, round: prune }),
  ];
  for (const keeper of going) keeper.start();
  closing.defer(() => Promise.all(going.map((keeper) => keeper.stop())));
  const noteDatabase = (isUp: boolean) =>
    activity.note({
      kind: isUp ? 'database_back' : 'database_away',
      subject: 'database',
      message: isUp ? 'the database answers again' : 'the database does not answer',
      level: isUp ? 'INFO' : 'ERROR',
    });
  availability.onChange(({ up }) => noteDatabase(up));
  if (!availability.isUp) noteDatabase(false);
  return { activity };
}
