import type { Tolerance } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import type { Logger } from '../../log.ts';
import { configuredReranker, type ModelParts } from '../../models/configured.ts';
import type { VectorSearch } from '../vector-index/search.ts';
import { createMeaningSearch } from './meaning.ts';
import type { MemoryServices } from './memory.ts';
import type { Reranking } from './reranking.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly meaning: MemoryServices['meaning'];
    readonly reranking: Reranking | null;
  }
}

/** Who searches by what is meant, and who has a say in the order. @param parts.vectorSearch null where no model knows meaning */
export async function openMemory({
  db,
  vectorSearch,
  availability,
  log,
  modelParts,
}: {
  readonly db: Database;
  readonly vectorSearch: VectorSearch | null;
  readonly availability: Tolerance;
  readonly log: Logger;
  readonly modelParts: ModelParts;
}): Promise<Pick<MemoryServices, 'meaning' | 'reranking'>> {
  const { patienceMs } = availability;
  return {
    meaning: vectorSearch && createMeaningSearch(db, vectorSearch, log, patienceMs),
    reranking: await openReranking(modelParts, log, patienceMs),
  };
}

async function openReranking(
  modelParts: ModelParts,
  log: Logger,
  patienceMs: number,
): Promise<Reranking | null> {
  const reranker = await configuredReranker(modelParts);
  if (!reranker) return null;
  const { createReranking } = await import('./reranking-model.ts');
  const budgetMs = Math.max(modelParts.config.reranking?.budgetMs ?? 0, patienceMs);
  return createReranking(reranker, log, budgetMs);
}
