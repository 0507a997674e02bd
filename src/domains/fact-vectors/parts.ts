import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import { createFactVectors, type FactVectorOptions } from './worker.ts';

/** Makes the vectors of facts, where a model knows meaning: those of spelling would find nothing that words do not. */
export function openFactVectors(
  {
    embedder,
    embeddingPriority: priority,
    ...others
  }: Pick<Ports, 'db' | 'keepers'> &
    Pick<FactVectorOptions, 'embedder' | 'pressure'> & {
      readonly embeddingPriority: FactVectorOptions['priority'];
    },
  closing: ClosingStack,
): Record<never, never> {
  if (!embedder.knowsMeaning) return {};
  const { db, keepers, pressure } = others;
  const worker = createFactVectors({ db, keepers, pressure, embedder, priority });
  worker.start();
  closing.defer(() => worker.stop());
  return {};
}
