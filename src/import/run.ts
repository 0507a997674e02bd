import { setImmediate as nextTick } from 'node:timers/promises';
import type { Logger } from '../log.ts';
import { type Batch, toBatches } from './batches.ts';
import { openCheckpoint } from './checkpoint.ts';
import { Deliverer, type Delivery } from './delivery.ts';
import { detectFormat } from './detect.ts';
import { fileSize, type Position } from './files.ts';
import { FORMATS, type Format } from './formats.ts';
import type { Send } from './operations.ts';
import type { ProgressSink } from './progress.ts';
import { ImportFileError, type ImportRecord } from './records.ts';
import { createTally, type ImportReport, type Tally } from './report.ts';

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
  const format = options.format === 'auto' ? await detectFormat(file) : options.format;
  const tally = createTally(format, FORMATS[format].unit, dryRun);
  const source: Source = { file, format, totalBytes };
  const checked = await check(source, tally, services);
  if (!checked) return tally.report('interrupted');
  if (tally.badCount() > 0 && strict) return tally.report('invalid');
  if (dryRun) return tally.report('finished');
  const records = tally.records();
  tally.restart();
  const checkpoint = await openCheckpoint(
    options.checkpointDirectory,
    file,
    { target, user, format },
    options.restart,
  );
  if (checkpoint.ignored) services.progress.note(`not going on from the checkpoint: ${checkpoint.ignored}`);
  if (checkpoint.recordsDone > 0) {
    tally.resumeAfter(checkpoint.recordsDone);
    services.progress.note(
      `going on after ${checkpoint.recordsDone} records that an earlier run has stored (--restart begins anew)`,
    );
  }
  const deliverer = new Deliverer(user, services.send);
  const isFinished = await sendAll(
    source,
    tally,
    { ...services, records },
    async (batch) => {
      const delivered = await deliverer.deliver(batch);
      await checkpoint.save(batch.recordsDone);
      return delivered;
    },
    checkpoint.recordsDone,
  );
  if (!isFinished) return tally.report('interrupted');
  await checkpoint.remove();
  return tally.report('finished');
}

/** Reads the whole file and counts; false where the user stopped it. */
async function check(source: Source, tally: Tally, services: ImportServices): Promise<boolean> {
  const leftOut = new Map<string, number>();
  const position: Position = { bytes: 0, leftOut };
  services.progress.start('checking', source.totalBytes);
  try {
    for await (const record of readRecords(source, position)) {
      tally.read(record);
      if (tally.records() % RECORDS_PER_UPDATE === 0) {
        services.progress.update(position.bytes, tally.records());
        // A file in memory would otherwise keep Ctrl-C waiting.
        await nextTick();
        if (services.signal?.aborted) return false;
      }
    }
    services.progress.update(position.bytes, tally.records());
    tally.leftOut(leftOut);
    return true;
  } finally {
    services.progress.stop();
  }
}

/** Sends batch after batch; false where the user stopped it. */
async function sendAll(
  source: Source,
  tally: Tally,
  { progress, signal, records }: ImportServices & { readonly records: number },
  store: (batch: Batch) => Promise<Delivery>,
  skip: number,
): Promise<boolean> {
  const position: Position = { bytes: 0 };
  // By records: a file is read far ahead of what is acknowledged.
  progress.start('sending', records);
  try {
    for await (const batch of toBatches(counted(readRecords(source, position), tally, skip), skip)) {
      if (signal?.aborted) return false;
      tally.stored(batch, await store(batch));
      progress.update(batch.recordsDone, tally.sent());
    }
    return true;
  } finally {
    progress.stop();
  }
}

async function* counted(
  records: AsyncIterable<ImportRecord>,
  tally: Tally,
  skip: number,
): AsyncGenerator<ImportRecord> {
  let count = 0;
  for await (const record of records) {
    if (++count > skip) tally.note(record);
    yield record;
  }
}

async function* readRecords({ file, format }: Source, position: Position): AsyncGenerator<ImportRecord> {
  let isEmpty = true;
  for await (const record of FORMATS[format].read(file, position)) {
    isEmpty = false;
    yield record;
  }
  if (isEmpty)
    throw new ImportFileError(
      `"${file}" holds nothing that can be imported as ${format} (${FORMATS[format].description})`,
    );
}

const RECORDS_PER_UPDATE = 1000;

type Source = { file: string; format: Format; totalBytes: number };
