import type { CheckedContent, Checkpoint, Place } from './checkpoint.ts';
import type { Mark } from './files.ts';
import type { ProgressSink } from './progress.ts';

/** A conversation of a few turns is stored in milliseconds; whoever goes on sends the last second's again, to no effect. */
const SAVE_INTERVAL_MS = 1_000;

/** Writes down how far an import is. */
export type Saver = ReturnType<typeof createSaver>;

/** A place that takes no checkpoint (it is full) keeps nothing from being stored: only going on after a stop is lost. */
export function createSaver(checkpoint: Checkpoint, checked: CheckedContent, progress: ProgressSink) {
  let [done, savedAt] = [checkpoint.recordsDone, performance.now() - SAVE_INTERVAL_MS];
  // A look at a small file is as fast as this is written down.
  let saved = checkpoint.checked || checked.records < WORTH_RECORDS ? checkpoint.recordsDone : null;
  let hasFailed = false;
  /** Where reading can begin, in the order of the file; the first is behind what is stored, or before it. */
  const places: Place[] = checkpoint.place ? [checkpoint.place] : [];
  const save = async () => {
    if (done === saved || hasFailed) return;
    while (places[1] && places[1].records <= done) places.shift();
    const place = places[0] && places[0].records <= done ? places[0] : null;
    try {
      await checkpoint.save({ recordsDone: done, place }, checked);
      [saved, savedAt] = [done, performance.now()];
    } catch (error) {
      hasFailed = true;
      progress.note(
        `how far the import is cannot be written down (${(error as Error).message}): once stopped, it goes on from ${saved ? `record ${saved}` : 'the beginning'}`,
      );
    }
  };
  return {
    /** Where reading begins. */
    from: checkpoint.place,
    recordsDone: checkpoint.recordsDone,
    save,
    note: async (recordsDone: number) => {
      done = recordsDone;
      if (performance.now() - savedAt >= SAVE_INTERVAL_MS) await save();
    },
    /** The record behind so many others is the first one from this place on. */
    reading: (records: number, mark: Mark) => {
      places.push({ records, mark });
    },
  };
}

const WORTH_RECORDS = 1_000;
