import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import { BackupCatalog } from './catalog.ts';
import { placeOf } from './configured.ts';
import { BackupDesk } from './desk.ts';
import { dueSince } from './reads.ts';

interface BackupParts {
  readonly backups: BackupDesk;
}

declare module '../../graphql/context.ts' {
  interface Services extends BackupParts {}
}

/** Milliseconds between looks at which backups there are. */
const LOOK_MS = 300_000;

/** Where backups are, and who looks how old they are. */
export async function openBackups(
  { db, availability, config, keepers, now, outbound }: Ports,
  closing: ClosingStack,
): Promise<BackupParts> {
  const catalog = new BackupCatalog(await placeOf(config.backups, outbound));
  const backups: BackupDesk = new BackupDesk(catalog, {
    ...{ now, changed: () => looks.wake() },
    dueSince: () => availability.tolerate(() => dueSince(db), backups.known?.dueSince ?? null),
  });
  const looks = keepers.create({ name: 'backups', everyMs: LOOK_MS, round: () => backups.look() });
  looks.start();
  looks.wake();
  closing.defer(() => looks.stop());
  return { backups };
}
