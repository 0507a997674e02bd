import type { VectorHit } from '../../vectors/vector-store.ts';

/** Of fewer turns nobody knows what is much for a model. */
const LEAST = 8;

/**
 * Makes what several models say of the same turns comparable. Each model has its own idea of how high a cosine is, so of two that
 * know turns their distances from their means count, in standard deviations. The one that knows most turns says it of
 * all these, the others of what is left: in the middle of a change of model, one ruler is better than two.
 *
 * @param found for each model the cosines that it knows, the present model first
 * @returns by id; of one model alone its cosines
 */
export function comparable(found: readonly (readonly VectorHit[])[]): Map<string, number> {
  const [most = [], ...others] = found
    .filter((hits) => hits.length > 0)
    .toSorted((a, b) => b.length - a.length);
  const missing = (hits: readonly VectorHit[], known: ReadonlyMap<string, number>) =>
    hits.some(({ id }) => !known.has(id));
  const plain = new Map(most.map(({ id, score }) => [id, score]));
  const adding = others.filter((hits) => hits.length >= LEAST && missing(hits, plain));
  if (adding.length === 0) return plain;
  const likeness = standardised(most);
  for (const hits of adding)
    for (const [id, value] of standardised(hits)) if (!likeness.has(id)) likeness.set(id, value);
  return likeness;
}

function standardised(hits: readonly VectorHit[]): Map<string, number> {
  const mean = hits.reduce((sum, { score }) => sum + score, 0) / hits.length;
  const deviation = Math.sqrt(hits.reduce((sum, { score }) => sum + (score - mean) ** 2, 0) / hits.length);
  return new Map(hits.map(({ id, score }) => [id, deviation === 0 ? 0 : (score - mean) / deviation]));
}
