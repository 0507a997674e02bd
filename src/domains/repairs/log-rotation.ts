import { constants } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { RepairList, RepairLog } from '../../config/repairs.ts';
import { RepairRefused } from './errors.ts';
import { Folder } from './folder.ts';
import type { Repair, Repaired } from './repair.ts';
import type { Figures } from './tables.ts';

const PIECE_BYTES = 1_048_576;

/**
 * Moves what a log file holds into a file beside it, and keeps some of those. The file itself stays and is made empty, so
 * that whoever writes to it (appending) goes on; what it writes in the instant between the last copied byte and that is lost.
 */
export function logRotation({ logs }: Pick<RepairList, 'logs'>, dataDirectory: string): Repair<RepairLog> {
  const withLog = async <T>({ path }: RepairLog, work: (log: Log) => Promise<T>) => {
    const log = await openLog(path, dataDirectory);
    try {
      return await work(log);
    } finally {
      await log.file.close();
      await log.folder.close();
    }
  };
  return {
    type: 'log_rotation',
    description:
      'Moves what a log file holds into a numbered file beside it, and deletes the oldest of those.',
    timeoutSeconds: 600,
    entryOf: (target) => logs.find(({ path }) => path === target) ?? null,
    look: (entry) => withLog(entry, (log) => figuresOf(log, entry)),
    act: (entry, _before, signal) => withLog(entry, (log) => rotate(log, entry, signal)),
  };
}

interface Log {
  readonly folder: Folder;
  readonly name: string;
  readonly file: FileHandle;
}

/** @throws RepairRefused for what is no file of one name */
async function openLog(path: string, dataDirectory: string): Promise<Log> {
  const folder = await Folder.open(dirname(path), dataDirectory);
  const name = basename(path);
  try {
    const file = await open(
      folder.path(name),
      constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    ).catch((error: NodeJS.ErrnoException) => {
      throw new RepairRefused(`the log cannot be opened (${error.code}); a link is not followed`);
    });
    const stats = await file.stat();
    // Another name of it may be a file that must keep what it holds.
    const problem = !stats.isFile() ? 'it is no file' : stats.nlink > 1 ? 'it has a second name' : null;
    if (problem === null) return { folder, name, file };
    await file.close();
    throw new RepairRefused(problem);
  } catch (error) {
    await folder.close();
    throw error;
  }
}

async function figuresOf({ folder, name, file }: Log, { keep }: RepairLog): Promise<Figures> {
  const rotated: { name: string; bytes: number }[] = [];
  for (let number = 1; number <= keep; number++) {
    const stats = await folder.look(`${name}.${number}`);
    if (stats) rotated.push({ name: `${name}.${number}`, bytes: stats.size });
  }
  return { bytes: (await file.stat()).size, rotated, freeBytes: await folder.freeBytes() };
}

async function rotate(log: Log, entry: RepairLog, signal: AbortSignal): Promise<Repaired> {
  const { folder, name, file } = log;
  if ((await file.stat()).size === 0)
    return { outcome: 'SUCCEEDED', problem: null, after: await figuresOf(log, entry) };
  const copied = `${name}.rotating`;
  // Of a rotation that was killed.
  if (await folder.look(copied)) await unlink(folder.path(copied));
  const { mode, uid, gid } = await file.stat();
  const copy = await open(
    folder.path(copied),
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
    0o600,
  );
  try {
    let at = await copyFrom(file, copy, 0, signal);
    await copy.chmod(mode & 0o777);
    // Only root may give a file away.
    await copy.chown(uid, gid).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPERM') throw error;
    });
    await copy.sync();
    for (let number = entry.keep - 1; number >= 1; number--)
      if (await folder.look(`${name}.${number}`))
        await rename(folder.path(`${name}.${number}`), folder.path(`${name}.${number + 1}`));
    await rename(folder.path(copied), folder.path(`${name}.1`));
    at = await copyFrom(file, copy, at, signal);
    await file.truncate(0);
    await copy.sync();
  } finally {
    await copy.close();
  }
  return { outcome: 'SUCCEEDED', problem: null, after: await figuresOf(log, entry) };
}

/** Copies from a place to the end, wherever that is by then. @returns the place of the end */
async function copyFrom(
  from: FileHandle,
  to: FileHandle,
  start: number,
  signal: AbortSignal,
): Promise<number> {
  const piece = Buffer.alloc(PIECE_BYTES);
  for (let at = start; ; ) {
    signal.throwIfAborted();
    const { bytesRead } = await from.read(piece, 0, piece.length, at);
    if (bytesRead === 0) return at;
    for (let written = 0; written < bytesRead; )
      written += (await to.write(piece, written, bytesRead - written, at + written)).bytesWritten;
    at += bytesRead;
  }
}
