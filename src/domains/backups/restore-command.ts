import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import { InvalidInput, NotFound } from '../../errors.ts';
import { EXIT, runCommand } from '../../ground/command.ts';
import type { ErasureMark } from '../privacy/marks.ts';
import type { BackupSettings } from './backups.ts';
import { BackupCatalog } from './catalog.ts';
import { type PlaceSettings, placeOf } from './configured.ts';
import { BACKUP_ID } from './format.ts';
import { type RestoreParts, restoreBackup } from './restoring.ts';

const USAGE = `usage: npm run restore-backup -- WHICH    restores a backup into an empty database
  latest      the newest one that was verified, of BACKUP_DIR or BACKUP_S3_URL
  ID          one of these, as npm run backup -- list shows them
  FILE        a file, wherever it is
It goes into the database of DATABASE_URL, or, without one, into a new one in DATA_DIR; one that has rows is refused. Encrypted
backups need the MASTER_KEY or BACKUP_PASSPHRASE that they were made with. The server must not be running on DATA_DIR.`;

type Parts = RestoreParts & {
  readonly outbound: Parameters<typeof placeOf>[1];
  readonly config: { readonly backups: BackupSettings & PlaceSettings };
};
const PROGRESS_MS = 1_000;

/** Says which tables of others were left out, and where their rows are still. */
export function tellOfStrange(
  strange: readonly string[],
  where: string,
  print: (line: string) => void,
): void {
  if (strange.length === 0) return;
  print(`left out: ${strange.join(', ')}; they are not of this program, and their rows are in ${where}`);
}

/** `npm run restore-backup`. @returns the exit code */
export function restoreCommand(
  args: readonly string[],
  withParts: <T>(work: (parts: Parts) => Promise<T>) => Promise<T>,
  print: (line: string) => void,
): Promise<number> {
  return runCommand(USAGE, args, print, async () => {
    const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: {} });
    const [which, ...more] = positionals;
    if (which === undefined || more.length > 0) return null;
    return withParts(async (parts) => {
      const { file, bytes, marks } = await findBackup(which, parts);
      let [read, told] = [0, Date.now()];
      const restored = await restoreBackup(parts, file, {
        ...{ signal: new AbortController().signal, marks },
        progress: (piece, note) => {
          read += piece;
          if (Date.now() - told < PROGRESS_MS) return;
          told = Date.now();
          print(`${Math.floor((read / bytes) * 100)} %  ${note}`);
        },
      });
      print(`restored ${restored.backupId}: everything that was acknowledged before ${restored.point}`);
      print(
        `${restored.rows} rows, and ${restored.waiting} entries for the journal, which the next start stores`,
      );
      tellOfStrange(restored.strange, 'the file', print);
      if (restored.media > 0)
        print(`${restored.media} pictures and videos that the server keeps itself, in DATA_DIR/media`);
      print(
        `${restored.erasures} erasures that came after it were done again, of ${marks.length} that are known there`,
      );
      if (!restored.hasReceiptsKey)
        print(
          'receipts of erasures are signed with the key of this DATA_DIR from now on: the backup brought none that was needed here',
        );
      return EXIT.done;
    });
  });
}

/** The backup that an operator names, and the erasures that are known beside it. @throws NotFound */
export async function findBackup(
  which: string,
  { config, outbound }: Pick<Parts, 'config' | 'outbound'>,
): Promise<{ file: Readable; bytes: number; marks: readonly ErasureMark[] }> {
  const catalog = new BackupCatalog(await placeOf(config.backups, outbound));
  if (which === 'latest' || BACKUP_ID.test(which)) {
    const label = which === 'latest' ? await latest(catalog) : await catalog.find(which);
    return { file: await catalog.open(label.backupId), bytes: label.bytes, marks: await catalog.marks() };
  }
  const found = await stat(which).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw new InvalidInput('WHICH', `"${which}" cannot be read (${error.code})`);
  });
  if (!found?.isFile()) throw new NotFound('WHICH', `there is no file "${which}"`);
  // What lies beside a file that was carried here counts as much as what the settings name.
  const beside = await new BackupCatalog(
    await placeOf({ directory: dirname(which), s3: null }, outbound),
  ).marks();
  const marks = [...beside, ...(await catalog.marks())];
  return { file: createReadStream(which), bytes: found.size, marks };
}

async function latest(catalog: BackupCatalog) {
  const label = (await catalog.all()).find(({ verification }) => verification?.problem === null);
  if (label) return label;
  throw new NotFound('WHICH', `no backup in ${catalog.place.name} was verified; name one by its id`);
}
