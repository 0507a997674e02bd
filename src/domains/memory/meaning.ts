import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import type { Logger } from '../../log.ts';
import { archivedAmong } from '../interactions/archived.ts';
import type { EmbeddedQuery, NearTurn, VectorSearch, VectorSearchResult } from '../vector-index/search.ts';
import { speakersOfOwner } from '../word-index/search.ts';
import { inFirstPerson } from './first-person.ts';
import type { MemoryConditions } from './pool.ts';

/** Finds turns of like meaning, and says what facts are compared with. */
export interface MeaningSearch {
  /** Never rejects: what does not answer in time is left out. */
  search(owner: Owner, query: string, conditions: MemoryConditions): Promise<MeaningResult>;
  /** A query as turns and facts are compared with it. Never rejects; null: it is not known in time. */
  embed(owner: Owner, query: string): Promise<EmbeddedQuery | null>;
}

export interface Likeness {
  /** Cosine similarity to the query; what is much differs by model. */
  readonly cosine: number;
  /** 1 for the nearest, 0 for the last that was found: comparable within one search. */
  readonly rank: number;
}

export interface MeaningResult {
  /** By turn id. */
  readonly found: ReadonlyMap<string, Likeness>;
  /** Turns may be missing. */
  readonly degraded: boolean;
  /** Cosines to the query of turns that were found in other ways, by turn id. Never rejects: without an answer in time none is known. */
  cosinesOf(turnIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
}

/** What one search waits for its vectors; words find without them. */
const BUDGET_MS = 800;
/** While the model or the store is away searches do without, so that nobody waits for what will not come. */
const REST_MS = 5_000;
const NEAREST = 200;
/** The same, where the archive is left out. */
const MOST_ASKED = 3_200;
/** Characters of a query that are embedded. */
const EMBEDDED_LENGTH = 6_000;
/** How far vectors are asked. */
export const MEANING_PARAMETERS = { BUDGET_MS, REST_MS, NEAREST, MOST_ASKED, EMBEDDED_LENGTH };
/** Without a capital letter after the first nobody is named. */
const NAMED = /.\p{Lu}/su;
const NOBODY: ReadonlySet<string> = new Set();

/**
 * Searches by vectors within a budget of time.
 *
 * @param db says what of that is in the archive: vectors stay as they are when their turns move
 * @param patienceMs the least that one search waits
 */
export function createMeaningSearch(
  db: Pick<Database, 'pool'>,
  vectors: VectorSearch,
  log: Logger,
  patienceMs = 0,
): MeaningSearch {
  const budgetMs = Math.max(BUDGET_MS, patienceMs);
  let restsUntil = 0;
  let checking = false;
  // One search may fail for its own text; only what fails for every text stops the others.
  const doubt = () => {
    if (checking) return;
    checking = true;
    void vectors
      .check()
      .catch(() => {
        restsUntil = performance.now() + REST_MS;
      })
      .finally(() => {
        checking = false;
      });
  };
  const textOf = async (owner: Owner, query: string) => {
    const text = query.slice(0, EMBEDDED_LENGTH).toWellFormed();
    return inFirstPerson(text, NAMED.test(text) ? await speakersOfOwner(db, owner) : NOBODY);
  };
  return {
    async embed(owner, query) {
      if (performance.now() < restsUntil) return null;
      const signal = AbortSignal.timeout(budgetMs);
      const embedding = async () => vectors.embed(await textOf(owner, query), signal);
      return Promise.race([embedding(), timedOut(signal)]).catch((error: unknown) => {
        doubt();
        log.warn({ err: reportable(error) }, 'facts are searched by their words only');
        return null;
      });
    },
    async search(owner, query, conditions) {
      if (performance.now() < restsUntil) return NOTHING;
      const { conversationId, since, until } = conditions;
      const signal = AbortSignal.timeout(budgetMs);
      try {
        const text = await textOf(owner, query);
        const asked = { text, filter: { conversationId, since, until }, signal };
        const searching =
          conditions.archived === false
            ? nearestKept(db, vectors, owner, asked)
            : vectors.search(owner, { ...asked, limit: NEAREST });
        // The race also hears of whichever of the two fails too late.
        const { hits, degraded, likenessOf } = await Promise.race([searching, timedOut(signal)]);
        const cosinesOf = (turnIds: readonly string[]) =>
          Promise.race([likenessOf(turnIds), timedOut(signal)]).catch((error: unknown) => {
            log.warn({ err: reportable(error) }, 'memories are ordered by their words only');
            return UNKNOWN;
          });
        return { found: ranked(hits), degraded, cosinesOf };
      } catch (error) {
        doubt();
        log.warn({ err: reportable(error) }, 'memories are searched by their words only');
        return NOTHING;
      }
    },
  };
}

/** The nearest that are not in the archive: more are asked for while too many of them are. */
async function nearestKept(
  { pool }: Pick<Database, 'pool'>,
  vectors: VectorSearch,
  owner: Owner,
  asked: Omit<Parameters<VectorSearch['search']>[1], 'limit'>,
): Promise<VectorSearchResult> {
  for (let limit = NEAREST; ; limit *= 4) {
    const { hits, ...others } = await vectors.search(owner, { ...asked, limit });
    const archived = await archivedAmong(
      pool,
      owner,
      hits.map(({ id }) => id),
    );
    const kept = hits.filter(({ id }) => !archived.has(id));
    if (kept.length >= NEAREST || hits.length < limit || limit * 4 > MOST_ASKED)
      return { hits: kept.slice(0, NEAREST), ...others };
  }
}

const UNKNOWN: ReadonlyMap<string, number> = new Map();
const NOTHING: MeaningResult = { found: new Map(), degraded: true, cosinesOf: async () => UNKNOWN };

/** Without the server's own words, which may quote the query. */
function reportable(error: unknown): { name: string; message: string } {
  const { name, message } = error as Error;
  return { name, message };
}

function timedOut(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/**
 * Cosines of one model lie close together: what counts is where a turn stands among the nearest. Those that are no
 * nearer than unrelated texts would be are left out.
 */
function ranked(hits: readonly NearTurn[]): Map<string, Likeness> {
  const best = hits[0]?.score ?? 0;
  const least = hits.length >= NEAREST ? (hits.at(-1)?.score ?? 0) : 0;
  const range = Math.max(best - least, 1e-6);
  return new Map(
    hits
      .filter(({ isSimilar }) => isSimilar)
      .map(({ id, score }) => [id, { cosine: score, rank: Math.max(0, (score - least) / range) }]),
  );
}
