import type { Schemas } from '@qdrant/js-client-rest';

/** What a collection allows of one request; a Qdrant in strict mode names limits, others have none. */
export interface CollectionLimits {
  /** Points of one page or answer. */
  readonly page: number;
  /** Points of one write. */
  readonly write: number;
  /** Candidates that a search may look at. */
  readonly searchEf: number;
  /** Conditions of one filter. */
  readonly conditions: number;
  /** Ids in one condition. */
  readonly ids: number;
  /** Whether points may be counted exactly. */
  readonly exact: boolean;
}

/** Reads the limits of strict mode from a collection's description. */
export function limitsOf({ config }: Schemas['CollectionInfo']): CollectionLimits {
  const strict = (config.strict_mode_config ?? {}) as Schemas['StrictModeConfigOutput'];
  const of = (limit: number | null | undefined) =>
    strict.enabled && limit ? limit : Number.POSITIVE_INFINITY;
  return {
    page: of(strict.max_query_limit),
    write: of(strict.upsert_max_batchsize),
    searchEf: of(strict.search_max_hnsw_ef),
    conditions: of(strict.filter_max_conditions),
    ids: Math.min(of(strict.condition_max_size), of(strict.max_query_limit)),
    exact: !(strict.enabled && strict.search_allow_exact === false),
  };
}

/** Cuts a list into parts of at most so many. */
export function partsOf<T>(all: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < all.length; at += size) parts.push(all.slice(at, at + size));
  return parts;
}
