import { setImmediate as nextTick } from 'node:timers/promises';
import type { Logger } from '../log.ts';
import { type Batch, toBatches } from './batches.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { Deliverer, type Delivery } from './delivery.ts';
import { detectFormat } from './detect.ts';
import { fileSize, fingerprint, type Position } from './files.ts';
import { FORMATS, type Format } from './formats.ts';
import type { Send } from './operations.ts';
import type { ProgressSink } from './progress.ts';
import { ImportFileError, type ImportRecord } from './records.ts';
import { createTally, type ImportReport, type Tally } from './report.ts';
import { SETTLE_PATIENCE_MS, settle } from './settling.ts';

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
  const progressMade = createSaver(checkpoint, services.progress);
  try {
    const isFinished = await sendAll(
      source,
      tally,
      { ...services, records },
      {
        deliver: (batch) => deliverer.deliver(batch),
        stored: ({ recordsDone }) => progressMade.note(recordsDone),
      },
      checkpoint.recordsDone,
    );
    if (!isFinished) return tally.report('interrupted');
  } finally {
    await progressMade.save();
  }
  tally.settled(await settle(tally.waiting(), services, services.settlePatienceMs ?? SETTLE_PATIENCE_MS));
  await checkpoint.remove();
  // What was read then is not what was checked: nobody knows what was passed over.
  if ((await fingerprint(file)) !== content) tally.changed();
  return tally.report('finished');
}

/** A conversation of a few turns is stored in milliseconds; whoever goes on sends the last second's again, to no effect. */
const SAVE_INTERVAL_MS = 1_000;

/** A place that takes no checkpoint (it is full) keeps nothing from being stored: only going on after a stop is lost. */
function createSaver(checkpoint: Checkpoint, progress: ProgressSink) {
  let [done, saved, savedAt] = [checkpoint.recordsDone, checkpoint.recordsDone, performance.now()];
  let hasFailed = false;
  const save = async () => {
    if (done === saved || hasFailed) return;
    try {
      await checkpoint.save(done);
      [saved, savedAt] = [done, performance.now()];
    } catch (error) {
      hasFailed = true;
      progress.note(
        `how far the import is cannot be written down (${(error as Error).message}): once stopped, it goes on from ${saved === 0 ? 'the beginning' : `record ${saved}`}`,
      );
    }
  };
  return {
    save,
    note: async (recordsDone: number) => {
      done = recordsDone;
      if (performance.now() - savedAt >= SAVE_INTERVAL_MS) await save();
    },
  };
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

/** Batches that are on their way at the same time: most conversations are short, and each costs a commit. */
const MAX_IN_FLIGHT = 8;

type Delivering = {
  deliver: (batch: Batch) => Promise<Delivery>;
  /** Called in the order of the file, when this batch and all before it are stored. */
  stored: (batch: Batch) => Promise<void>;
};

/**
 * Sends the batches of a file, those of one conversation one after the other; false where the user stopped it. What is on
 * its way is waited for, however it ends.
 */
async function sendAll(
  source: Source,
  tally: Tally,
  { progress, signal, records }: ImportServices & { readonly records: number },
  { deliver, stored }: Delivering,
  skip: number,
): Promise<boolean> {
  const position: Position = { bytes: 0 };
  let isStopped = false;
  const inFlight: { batch: Batch; delivery: Promise<Delivery> }[] = [];
  const settleFirst = async () => {
    const first = inFlight[0];
    if (!first) return;
    const delivery = await first.delivery;
    inFlight.shift();
    tally.stored(first.batch, delivery);
    await stored(first.batch);
    progress.update(first.batch.recordsDone, tally.sent());
  };
  // By records: a file is read far ahead of what is acknowledged.
  progress.start('sending', records);
  try {
    for await (const batch of toBatches(counted(readRecords(source, position), tally, skip), skip)) {
      while (inFlight.length >= MAX_IN_FLIGHT || inFlight.some((sent) => isSameThread(sent.batch, batch)))
        await settleFirst();
      isStopped = signal?.aborted ?? false;
      if (isStopped) break;
      const delivery = deliver(batch);
      // Seen when its turn comes; until then it is nobody's.
      delivery.catch(() => undefined);
      inFlight.push({ batch, delivery });
    }
    while (inFlight.length > 0) await settleFirst();
    return !isStopped;
  } finally {
    await Promise.allSettled(inFlight.map(({ delivery }) => delivery));
    progress.stop();
  }
}

function isSameThread(one: Batch, other: Batch): boolean {
  if (one.kind === 'turns' && other.kind === 'turns') return one.conversationId === other.conversationId;
  return one.kind === other.kind;
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
