import type { Tolerance } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import type { Logger } from '../../log.ts';
import type { VectorSearch } from '../vector-index/search.ts';
import { createMeaningSearch } from './meaning.ts';
import type { MemoryServices } from './memory.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly meaning: MemoryServices['meaning'];
  }
}

/** Who searches by what is meant. @param parts.vectorSearch null where no model knows meaning */
export function openMemory({
  db,
  vectorSearch,
  availability,
  log,
}: {
  readonly db: Database;
  readonly vectorSearch: VectorSearch | null;
  readonly availability: Tolerance;
  readonly log: Logger;
}): {
  meaning: MemoryServices['meaning'];
} {
  return { meaning: vectorSearch && createMeaningSearch(db, vectorSearch, log, availability.patienceMs) };
}
