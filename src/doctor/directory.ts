import { existsSync } from 'node:fs';
import { mkdtemp, open, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Config } from '../config.ts';
import { volatileFileSystem } from '../db/data-directory.ts';
import { majorOf, packagedMajor } from '../db/embedded.ts';
import type { Finding } from './finding.ts';

const MIB = 1_048_576;
const FSYNCS = 11;
/** Milliseconds for an fsync from which acknowledgements feel slow; and below which nothing can have reached a disk. */
const SLOW_FSYNC_MS = 20;
const NO_FSYNC_MS = 0.02;

type Installation = Pick<Config, 'dataDirectory' | 'databaseUrls'>;

/** Whether the data directory can be used, by this user, and what it lies on. What is made in it is removed. */
export async function lookAtDirectory(installation: Installation): Promise<Finding[]> {
  const about = 'DATA_DIR';
  const { dataDirectory } = installation;
  if (!existsSync(dataDirectory)) {
    const parent = await firstThatExists(dirname(dataDirectory));
    return [
      { state: 'OK', about, seen: `"${dataDirectory}" does not exist yet; the first start makes it` },
      ...(await lookAtDisk(parent)),
    ];
  }
  const { uid, mode } = await stat(dataDirectory);
  const findings: Finding[] = [];
  const own = process.geteuid?.();
  if (own !== undefined && own !== 0 && uid !== own)
    findings.push({
      ...{ state: 'WRONG', about, seen: `"${dataDirectory}" belongs to uid ${uid}, and this is uid ${own}` },
      advice: 'run the server as that user, or give the directory to this one (chown -R)',
    });
  if ((mode & 0o077) !== 0 && process.platform !== 'win32')
    findings.push({
      ...{
        state: 'WARNING',
        about,
        seen: `others may look into "${dataDirectory}" (mode ${(mode & 0o777).toString(8)})`,
      },
      advice: `chmod 700 "${dataDirectory}"`,
    });
  return [...findings, ...(await lookAtDisk(dataDirectory)), ...(await lookAtCluster(installation))];
}

async function firstThatExists(path: string): Promise<string> {
  return existsSync(path) || dirname(path) === path ? path : firstThatExists(dirname(path));
}

async function lookAtDisk(directory: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  const volatile = volatileFileSystem(directory);
  if (volatile)
    findings.push({
      ...{ state: 'WARNING', about: 'file system', seen: `"${directory}" lies on ${volatile}` },
      advice: 'put DATA_DIR on a disk of its own: what an fsync there promises is less than a turn needs',
    });
  const { bavail, bsize } = await statfs(directory);
  const free = Math.floor((bavail * bsize) / MIB);
  findings.push({
    ...{
      state: free < 2_048 ? 'WARNING' : 'OK',
      about: 'disk',
      seen: `${free} MiB are free at "${directory}"`,
    },
    ...(free < 2_048 && { advice: 'make room: the server slows its background work below 2,048 MiB' }),
  });
  const ms = await fsyncMs(directory);
  const seen = `an fsync takes ${ms.toFixed(2)} ms at "${directory}"`;
  if (ms > SLOW_FSYNC_MS)
    findings.push({
      state: 'WARNING',
      about: 'fsync',
      seen,
      advice: 'each acknowledgement waits for one: a faster disk helps',
    });
  else if (ms < NO_FSYNC_MS)
    findings.push({
      ...{ state: 'WARNING', about: 'fsync', seen: `${seen}, which is faster than any disk` },
      advice: 'something promises to keep what it only has in memory; see whether that has a battery',
    });
  else findings.push({ state: 'OK', about: 'fsync', seen });
  return findings;
}

/** The median of some, each after a page was written. */
async function fsyncMs(directory: string): Promise<number> {
  const folder = await mkdtemp(join(directory, '.doctor-'));
  try {
    const file = await open(join(folder, 'page'), 'w');
    const taken: number[] = [];
    for (let time = 0; time < FSYNCS; time++) {
      await file.write(Buffer.alloc(4_096, time), 0, 4_096, time * 4_096);
      const began = performance.now();
      await file.datasync();
      taken.push(performance.now() - began);
    }
    await file.close();
    return taken.sort((a, b) => a - b)[Math.floor(FSYNCS / 2)] ?? 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whether the files of an embedded PostgreSQL are of the version that comes with this product. */
async function lookAtCluster({ dataDirectory, databaseUrls }: Installation): Promise<Finding[]> {
  const about = 'embedded database';
  const found = await majorOf(join(dataDirectory, 'postgres'));
  if (found === null) return [];
  const seen = `its files are of PostgreSQL ${found}`;
  // They are of before, and nothing reads them.
  if (databaseUrls.length > 0) return [{ state: 'OK', about, seen: `${seen}; DATABASE_URL is used instead` }];
  const own = await packagedMajor();
  if (found === own) return [{ state: 'OK', about, seen }];
  return [
    {
      ...{ state: 'WRONG', about, seen: `${seen}, and the programs here of PostgreSQL ${own}` },
      advice:
        Number(found) > Number(own)
          ? 'start the version of Echo Brain that made them, or restore a backup (npm run restore-backup)'
          : 'npm run upgrade-database takes them over, and keeps the old files',
    },
  ];
}
