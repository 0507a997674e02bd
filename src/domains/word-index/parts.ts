import type { Ports } from '../../ground/ports.ts';
import type { Pressure } from '../../ground/pressure.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import { createQueueReader, type QueueReader } from './queue-reading.ts';
import { TextAnalyses } from './text-analyses.ts';
import { createIndexWorker, type IndexWorker } from './worker.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly texts: TextAnalyses;
    readonly indexWorker: IndexWorker;
    readonly wordQueue: QueueReader;
  }
}

/** The index of words, and who keeps it. @param ports.persistence says when turns were stored */
export function openWordIndex(
  {
    db,
    availability,
    log,
    keepers,
    persistence,
    pressure,
  }: Ports & {
    persistence: { onCommitted(listener: (turns: readonly unknown[]) => void): void };
    pressure: Pressure;
  },
  closing: ClosingStack,
): { texts: TextAnalyses; indexWorker: IndexWorker; wordQueue: QueueReader } {
  const texts = new TextAnalyses();
  const indexWorker = createIndexWorker({ db, texts, log, keepers, pressure });
  persistence.onCommitted((turns) => indexWorker.wake(turns.length));
  indexWorker.start();
  closing.defer(() => indexWorker.stop());
  return { texts, indexWorker, wordQueue: createQueueReader({ db, availability }) };
}
