import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ClusterMove } from '../../db/embedded.ts';
import { keepIdentity } from '../../db/identity.ts';
import type { UnpreparedDatabase } from '../../db/open.ts';
import type { Journal } from '../../journal/journal.ts';
import type { BackupKeys } from './encryption.ts';
import { BackupFolder } from './folder.ts';
import { backupIdOf } from './format.ts';
import { finishLoading, loadBackup } from './loading.ts';
import { compareTables } from './verifying.ts';
import { writeBackup } from './writing.ts';

export interface MoveParts {
  readonly journal: Journal;
  readonly dataDirectory: string;
  readonly keys: BackupKeys;
  readonly move: ClusterMove;
  /** Starts the programs that made the files on them. */
  readonly openOld: () => Promise<UnpreparedDatabase>;
  /** Starts those of this version where the new files are to be. */
  readonly openNew: () => Promise<UnpreparedDatabase>;
}

/**
 * Takes the embedded database into files that this version of PostgreSQL makes: by a backup of the old ones, which is loaded into new
 * ones and compared with it. The old files are as they were until then, and are kept. What waits in the journal stays in it.
 *
 * @returns how many rows there are, which tables of others were left out, and where the old files are
 * @throws BackupRefused, BackupDamaged, BackupPlaceUnusable, or what the databases say
 */
export async function moveDatabase(
  { journal, dataDirectory, keys, move, openOld, openNew }: MoveParts,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: (note: string) => void },
): Promise<{ rows: number; strange: readonly string[]; kept: string }> {
  const path = join(dataDirectory, 'upgrade');
  const folder = new BackupFolder(path);
  const name = 'database.backup';
  // Of a run that was killed.
  await rm(path, { recursive: true, force: true });
  try {
    await opened(openOld, ({ db }) =>
      writeBackup(
        { db, journal, dataDirectory },
        {
          ...{
            backupId: backupIdOf(new Date(), 'upgraded'),
            keys,
            wordIndex: 'included',
            media: 'left',
            signal,
          },
          progress: (_done, _total, note) => progress(`reading ${note}`),
          sink: (file) => folder.put(name, file, signal),
        },
      ),
    );
    const { rows, strange } = await opened(openNew, async ({ db }) => {
      const loaded = await loadBackup((await folder.read(name)) as Readable, db, {
        ...{ keys, signal, journal: async () => undefined, file: async () => undefined },
        loaded: async () => undefined,
        progress: (_bytes, note) => progress(`writing ${note}`),
      });
      const compared = await compareTables(db, loaded, signal, progress);
      await finishLoading(db);
      await keepIdentity(db);
      return { rows: compared, strange: loaded.strange };
    });
    return { rows, strange, kept: await move.finish() };
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

async function opened<T>(
  open: () => Promise<UnpreparedDatabase>,
  work: (database: UnpreparedDatabase) => Promise<T>,
): Promise<T> {
  const database = await open();
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
