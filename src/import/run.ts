import { setImmediate as nextTick } from 'node:timers/promises';
import type { Logger } from '../log.ts';
import type { Batch } from './batches.ts';
import { openCheckpoint } from './checkpoint.ts';
import { Deliverer } from './delivery.ts';
import { detectFormat } from './detect.ts';
import { contentHash, fileSize, fingerprint, type Position } from './files.ts';
import { FORMATS, type Format } from './formats.ts';
import type { Send } from './operations.ts';
import type { ProgressSink } from './progress.ts';
import type { ImportReport } from './report.ts';
import { createSaver } from './saver.ts';
import { readRecords, type Source, sendAll } from './sending.ts';
import { SETTLE_PATIENCE_MS, settle } from './settling.ts';
import { createTally, type Tally } from './tally.ts';

export type ImportOptions = {
  file: string;
  format: Format | 'auto';
  /** Whose turns these are; null for the caller's own. */
  user: string | null;
  /** Ignore the checkpoint of an earlier run. */
  restart: boolean;
  /** Send nothing of a file that holds a bad record, instead of leaving that record out. */
  strict: boolean;
  /** Check and count, send nothing. */
  dryRun: boolean;
  checkpointDirectory: string;
  /** Names the server (its URL), so that a checkpoint of another server is not continued. */
  target: string;
};

export type ImportServices = {
  send: Send;
  progress: ProgressSink;
  log: Logger;
  /** Stops the import after the batch in flight. */
  signal?: AbortSignal;
  /** How long a database may take nothing of what the server's journal keeps for it, at the end. */
  settlePatienceMs?: number | undefined;
};

/**
 * Imports a file through the server's GraphQL API. Safe to run again: what was stored is not stored twice, and an
 * import that was stopped goes on after the last acknowledged batch.
 *
 * @returns what was done; bad records are left out and listed; `outcome` is `invalid` where `strict` refused them
 * @throws ImportFileError where the file cannot be imported at all
 * @throws ImportRefusedError where the server would take nothing of it
 */
export async function runImport(options: ImportOptions, services: ImportServices): Promise<ImportReport> {
  const { file, dryRun, strict, user, target } = options;
  const totalBytes = await fileSize(file);
  const content = await fingerprint(file);
  const format = options.format === 'auto' ? await detectFormat(file) : options.format;
  const tally = createTally(format, FORMATS[format].unit, dryRun);
  const source: Source = { file, format, totalBytes };
  if (dryRun) return tally.report((await check(source, tally, services)) ? 'finished' : 'interrupted');
  const hash = await hashOf(source, services.progress);
  const checkpoint = await openCheckpoint(
    options.checkpointDirectory,
    file,
    { target, user, format },
    { hash, restart: options.restart },
  );
  if (checkpoint.ignored) services.progress.note(`not going on from the checkpoint: ${checkpoint.ignored}`);
  if (checkpoint.checked) tally.recall(checkpoint.checked);
  else if (!(await check(source, tally, services))) return tally.report('interrupted');
  if (tally.badCount() > 0 && strict) return tally.report('invalid');
  const checked = { hash, ...tally.checked() };
  tally.restart();
  if (checkpoint.recordsDone > 0) {
    tally.resumeAfter(checkpoint.recordsDone);
    services.progress.note(
      `going on after ${checkpoint.recordsDone} records that an earlier run has stored (--restart begins anew)`,
    );
  }
  const deliverer = new Deliverer(user, services.send);
  const saver = createSaver(checkpoint, checked, services.progress);
  try {
    await saver.note(checkpoint.recordsDone);
    const delivering = { deliver: (batch: Batch) => deliverer.deliver(batch), saver };
    const isFinished = await sendAll({ ...source, records: checked.records }, tally, services, delivering);
    if (!isFinished) return tally.report('interrupted');
  } finally {
    await saver.save();
  }
  tally.settled(await settle(tally.waiting(), services, services.settlePatienceMs ?? SETTLE_PATIENCE_MS));
  await checkpoint.remove();
  // What was read then is not what was checked: nobody knows what was passed over.
  if ((await fingerprint(file)) !== content) tally.changed();
  return tally.report('finished');
}

async function hashOf({ file, totalBytes }: Source, progress: ProgressSink): Promise<string> {
  const position: Position = { bytes: 0 };
  progress.start('reading', totalBytes, () => ({ done: position.bytes }));
  try {
    return await contentHash(file, position);
  } finally {
    progress.stop();
  }
}

/** A file in memory would otherwise keep Ctrl-C, and whoever looks at the progress, waiting. */
const PAUSE_EVERY_MS = 50;

/** Reads the whole file and counts; false where the user stopped it. */
async function check(source: Source, tally: Tally, { progress, signal }: ImportServices): Promise<boolean> {
  const leftOut = new Map<string, number>();
  const position: Position = { bytes: 0, leftOut };
  progress.start('checking', source.totalBytes, () => ({ done: position.bytes, items: tally.records() }));
  try {
    let pausedAt = performance.now();
    for await (const record of readRecords(source, position)) {
      tally.read(record);
      if (performance.now() - pausedAt < PAUSE_EVERY_MS) continue;
      await nextTick();
      pausedAt = performance.now();
      if (signal?.aborted) return false;
    }
    tally.leftOut(leftOut);
    return true;
  } finally {
    progress.stop();
  }
}
