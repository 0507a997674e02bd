import { type Batch, toBatches } from './batches.ts';
import type { Delivery } from './delivery.ts';
import type { Position } from './files.ts';
import { FORMATS, type Format } from './formats.ts';
import type { ProgressSink } from './progress.ts';
import { ImportFileError, type ImportRecord } from './records.ts';
import type { Saver } from './saver.ts';
import type { Tally } from './tally.ts';

export type Source = { file: string; format: Format; totalBytes: number };

/** Batches that are on their way at the same time: most conversations are short, and each costs a commit. */
const MAX_IN_FLIGHT = 8;

type Delivering = {
  deliver: (batch: Batch) => Promise<Delivery>;
  /** Told in the order of the file what is stored. */
  saver: Saver;
};

/**
 * Sends the batches of a file, those of one conversation one after the other; false where the user stopped it. What is on
 * its way is waited for, however it ends.
 */
export async function sendAll(
  source: Source & { records: number },
  tally: Tally,
  { progress, signal }: { progress: ProgressSink; signal?: AbortSignal },
  { deliver, saver }: Delivering,
): Promise<boolean> {
  let isStopped = false;
  let done = saver.recordsDone;
  const inFlight: { batch: Batch; delivery: Promise<Delivery> }[] = [];
  const settleFirst = async () => {
    const first = inFlight[0];
    if (!first) return;
    const delivery = await first.delivery;
    inFlight.shift();
    tally.stored(first.batch, delivery);
    done = first.batch.recordsDone;
    await saver.note(done);
  };
  // By records: a file is read far ahead of what is acknowledged.
  progress.start('sending', source.records, () => ({ done, items: tally.sent() }));
  try {
    const records = readOn(source, tally, saver);
    for await (const batch of toBatches(records, saver.recordsDone, saver.from?.records)) {
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

/** The records from where an earlier run left off, or from a place before; tells where one could begin. */
async function* readOn(source: Source, tally: Tally, saver: Saver): AsyncGenerator<ImportRecord> {
  const position: Position = { bytes: 0, from: saver.from?.mark };
  let mark = position.from;
  let count = saver.from?.records ?? 0;
  for await (const record of readRecords(source, position)) {
    if (position.mark && position.mark !== mark) saver.reading(count, position.mark);
    mark = position.mark;
    if (++count > saver.recordsDone) tally.note(record);
    yield record;
  }
}

/**
 * Reads what a file holds, from `position.from` on.
 *
 * @throws ImportFileError where the file cannot be read, or holds nothing of its format
 */
export async function* readRecords(
  { file, format }: Pick<Source, 'file' | 'format'>,
  position: Position,
): AsyncGenerator<ImportRecord> {
  let isEmpty = position.from === undefined;
  for await (const record of FORMATS[format].read(file, position)) {
    isEmpty = false;
    yield record;
  }
  if (!isEmpty) return;
  const leftOut = [...(position.leftOut ?? [])].map(([what, count]) => `${what} ${count}`);
  const only = leftOut.length > 0 ? `; left out: ${leftOut.join(', ')}` : '';
  throw new ImportFileError(
    `"${file}" holds nothing that can be imported as ${format} (${FORMATS[format].description})${only}`,
  );
}
