import { parseArgs } from 'node:util';
import type { Binaries, ClusterMove } from '../../db/embedded.ts';
import type { UnpreparedDatabase } from '../../db/open.ts';
import { InvalidInput } from '../../errors.ts';
import { EXIT, runCommand } from '../../ground/command.ts';
import type { BackupSettings } from './backups.ts';
import type { PlaceSettings, placeOf } from './configured.ts';
import { BackupRefused } from './errors.ts';
import { findBackup, tellOfStrange } from './restore-command.ts';
import { type RestoreParts, restoreBackup } from './restoring.ts';
import { moveDatabase } from './upgrading.ts';

const USAGE = `usage: npm run upgrade-database [-- OPTION]    takes the embedded database to this version of PostgreSQL
  --binaries DIR        where the programs of the version before are; default: looked for
  --from-backup WHICH   do without them: the database becomes that of a backup (latest, ID or FILE). What came after it is lost
                        to the new database, and still in the old files
  --anew                also where the version is the same: all files are written anew
The database is read into a backup, loaded into new files and compared; then these take the place of the old ones, which are kept
beside them. DATA_DIR needs room for both and the backup. The server must not be running.`;

const PROGRESS_MS = 1_000;

export interface UpgradeParts extends Omit<RestoreParts, 'db' | 'remember'> {
  readonly outbound: Parameters<typeof placeOf>[1];
  readonly config: RestoreParts['config'] & { readonly backups: BackupSettings & PlaceSettings };
  /** Null: there is no embedded database. */
  readonly move: ClusterMove | null;
  /** Major version of PostgreSQL that comes with this product. */
  readonly major: string;
  /** Programs of the version that made the files. */
  binaries(given: string | null): Promise<Binaries>;
  open(directory: string, binaries?: Binaries): Promise<UnpreparedDatabase>;
}

/** `npm run upgrade-database`. @returns the exit code */
export function upgradeCommand(
  args: readonly string[],
  withParts: <T>(work: (parts: UpgradeParts) => Promise<T>) => Promise<T>,
  print: (line: string) => void,
): Promise<number> {
  return runCommand(USAGE, args, print, async () => {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({
      args: [...args],
      options: { binaries: text, 'from-backup': text, anew: { type: 'boolean', default: false } },
    });
    const { binaries = null, 'from-backup': backup = null, anew } = values;
    if (binaries !== null && backup !== null)
      throw new InvalidInput('--from-backup', 'does not go together with --binaries');
    return withParts(async (parts) => {
      const { move, major } = parts;
      if (!move)
        throw new BackupRefused('there is no embedded database in DATA_DIR; the next start makes one');
      if (move.major === major && !anew) {
        print(`the database is of PostgreSQL ${major} already`);
        return EXIT.done;
      }
      const kept = await (backup === null
        ? moved(parts, move, binaries, print)
        : restored(parts, move, backup, print));
      print(`the old files, of PostgreSQL ${move.major}, are kept in ${kept}: remove them when all is well`);
      return EXIT.done;
    });
  });
}

async function moved(
  parts: UpgradeParts,
  move: ClusterMove,
  given: string | null,
  print: (line: string) => void,
): Promise<string> {
  const { journal, config } = parts;
  const binaries = await parts.binaries(given);
  print(`reading the database with PostgreSQL ${binaries.version}`);
  let told = Date.now();
  const { rows, strange, kept } = await moveDatabase(
    {
      ...{ journal, dataDirectory: config.dataDirectory, keys: config.backups.keys, move },
      openOld: () => parts.open(move.directory, binaries),
      openNew: () => parts.open(move.next),
    },
    {
      signal: new AbortController().signal,
      progress: (note) => {
        if (Date.now() - told < PROGRESS_MS) return;
        told = Date.now();
        print(note);
      },
    },
  );
  print(`${rows} rows are in the files of PostgreSQL ${parts.major}, the same by number and checksum`);
  tellOfStrange(strange, 'the old files', print);
  return kept;
}

async function restored(
  parts: UpgradeParts,
  move: ClusterMove,
  which: string,
  print: (line: string) => void,
): Promise<string> {
  const { file, marks } = await findBackup(which, parts);
  const { db, close } = await parts.open(move.next);
  try {
    const { backupId, point, rows, waiting, strange } = await restoreBackup(
      { ...parts, db, remember: async () => undefined },
      file,
      { signal: new AbortController().signal, marks, progress: () => undefined },
    );
    print(`restored ${backupId}: ${rows} rows, everything that was acknowledged before ${point}`);
    print(`and ${waiting} entries for the journal; what came later is in the old files alone`);
    tellOfStrange(strange, 'the old files', print);
  } finally {
    await close();
  }
  return move.finish();
}
