import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { type FileIdentity, type FileStat, type MediaFacts, READER_VERSION } from '../../media/facts.ts';
import {
  addCopies,
  filesAt,
  filesOf,
  followFiles,
  removeFiles,
  type SeenAs,
  type SeenBy,
  type Sender,
  storeFile,
} from './files.ts';
import { lockMedia } from './owners.ts';
import { keyOfPath, shownPath } from './paths.ts';
import { insightToChange, isBroken, storeInsight } from './stored.ts';
import type { MediaFileRow, MediaInsightRow } from './tables.ts';
import { whereIs } from './vanished.ts';

/** A file of which it is known what it holds. */
export interface IdentifiedFile extends FileIdentity {
  readonly path: Buffer;
  readonly folderDevice: string;
}

/** Files with the same content that are looked for, to see whether this one was moved. */
const MOST_COPIES = 20;

/** Files that held a content and are certainly gone: it was moved from there. */
export async function goneCopies(
  sender: Sender,
  owner: Owner,
  { path, fileHash }: Pick<IdentifiedFile, 'path' | 'fileHash'>,
): Promise<number[]> {
  const copies = await filesOf(sender, owner, fileHash, MOST_COPIES);
  const gone: number[] = [];
  for (const copy of copies)
    if (!copy.path.equals(path) && (await whereIs(copy)) === 'gone') gone.push(copy.id);
  return gone;
}

/**
 * Writes down a file that was read, with its insight, in the transaction of `client`.
 *
 * @param gone files that it was moved from
 * @returns what it was for the run
 */
export async function storeRead(
  client: PoolClient,
  owner: Owner,
  { facts, ...file }: IdentifiedFile & { readonly facts: MediaFacts },
  { gone, by }: { readonly gone: readonly number[]; readonly by: SeenBy },
): Promise<SeenAs | 'broken'> {
  await lockMedia(client, owner);
  const { fileHash, stat, path } = file;
  const media = { fileHash, size: stat.size, shownPath: shownPath(path), facts };
  const known = await storeInsight(client, owner, media);
  const problem = facts.isBroken ? (facts.problem ?? 'it cannot be read as what it is') : null;
  const { isBroken, sidecar } = facts;
  return storeIdentified(client, owner, file, { gone, by, known, problem, isBroken, sidecar });
}

/**
 * Writes down a file whose content is known already, in the transaction of `client`: nothing of it is read.
 *
 * @param isUsable whether what is known of a content is enough
 * @returns what it was for the run; null: it has to be read
 */
export async function storeKnown(
  client: PoolClient,
  owner: Owner,
  file: IdentifiedFile,
  {
    isUsable,
    ...run
  }: {
    readonly gone: readonly number[];
    readonly by: SeenBy;
    readonly isUsable: (insight: MediaInsightRow) => boolean;
  },
): Promise<SeenAs | 'broken' | null> {
  await lockMedia(client, owner);
  const insight = await insightToChange(client, owner, file.fileHash);
  if (!insight || insight.readerVersion < READER_VERSION || !isUsable(insight)) return null;
  const problem = isBroken(insight) ? insight.analysisProblem : null;
  const { gone, by } = run;
  return storeIdentified(client, owner, file, {
    gone,
    by,
    known: insight,
    problem,
    isBroken: isBroken(insight),
    sidecar: 'as before',
  });
}

async function storeIdentified(
  client: PoolClient,
  owner: Owner,
  { path, folderDevice, fileHash, stat }: IdentifiedFile,
  run: {
    readonly gone: readonly number[];
    readonly by: SeenBy;
    /** What was known of its content before. */
    readonly known: MediaInsightRow | null;
    readonly problem: string | null;
    readonly isBroken: boolean;
    /** Of a file that was read; `as before`: nothing beside it was looked at. */
    readonly sidecar: string | 'as before' | null;
  },
): Promise<SeenAs | 'broken'> {
  const before = (await filesAt(client, owner, [path])).get(keyOfPath(path));
  const copies = await filesOf(client, owner, fileHash, MOST_COPIES);
  const others = copies.filter(({ path: other }) => !other.equals(path));
  const moved = others.filter(({ id }) => run.gone.includes(id));
  const seenAs = seenAsOf(before, fileHash, { moved: moved.length, others: others.length });
  await removeFiles(
    client,
    owner,
    moved.map(({ id }) => id),
  );
  const state = run.isBroken ? 'BROKEN' : 'PRESENT';
  const file = {
    path,
    folderDevice,
    stat,
    fileHash,
    state,
    problem: run.problem,
    failures: 0,
    seenAs,
    // One that was moved together with its picture has the same mark.
    sidecar: run.sidecar === 'as before' ? ((before ?? moved[0])?.sidecar ?? null) : run.sidecar,
  } as const;
  await storeFile(client, owner, file, run.by);
  if (run.known) await addCopies(client, owner, fileHash, newCopies(before, fileHash, moved, run.isBroken));
  const hashes = before?.fileHash && before.fileHash !== fileHash ? [before.fileHash] : [];
  // One more copy changes nothing: where there are thousands, to look at them all for each would take its time.
  if (run.known && (run.known.state !== state || moved.length > 0)) hashes.push(fileHash);
  if (hashes.length > 0) await followFiles(client, owner, hashes);
  return run.isBroken ? 'broken' : seenAs;
}

/** By how many more files than before, which are there, hold a content. */
function newCopies(
  before: MediaFileRow | undefined,
  fileHash: string,
  moved: readonly MediaFileRow[],
  isBroken: boolean,
): number {
  const were = [...moved, ...(before?.fileHash === fileHash ? [before] : [])];
  return (isBroken ? 0 : 1) - were.filter(({ state }) => state === 'PRESENT').length;
}

function seenAsOf(
  before: MediaFileRow | undefined,
  fileHash: string,
  { moved, others }: { readonly moved: number; readonly others: number },
): SeenAs {
  if (before?.fileHash === fileHash) return 'unchanged';
  if (before?.fileHash) return 'changed';
  if (moved > 0) return 'moved';
  return others > 0 ? 'duplicates' : 'new';
}

/** Whether a known file is as it was when it was read, so that it is not read again. */
export function isAsKnown(file: MediaFileRow, stat: FileStat): boolean {
  return (
    file.readerVersion >= READER_VERSION &&
    file.size === stat.size &&
    file.modifiedAt === stat.modifiedNs &&
    file.device === stat.device &&
    file.inode === stat.inode
  );
}
