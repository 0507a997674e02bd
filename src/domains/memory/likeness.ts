import { isOneSitting } from '../word-index/windows.ts';
import type { Candidate } from './candidates.ts';
import type { PooledTurn } from './pool.ts';

/** Candidates by their conversation, and where in it they stand. */
export type Places = ReadonlyMap<string, ReadonlyMap<number, Candidate>>;

/** Where candidates stand. */
export function placesOf(candidates: readonly Candidate[]): Places {
  const places = new Map<string, Map<number, Candidate>>();
  for (const candidate of candidates) {
    const { conversationId, sequence } = candidate.turn;
    const known = places.get(conversationId);
    if (known) known.set(sequence, candidate);
    else places.set(conversationId, new Map([[sequence, candidate]]));
  }
  return places;
}

/** The candidate that many turns later (or earlier) in the same sitting. */
export function neighbour(places: Places, turn: PooledTurn, distance: number): Candidate | null {
  const other = places.get(turn.conversationId)?.get(turn.sequence + distance);
  return other && isOneSitting(turn, other.turn) ? other : null;
}

/** What turns before and after add to how like a turn is, by how far they are. */
const AROUND: readonly (readonly [distance: number, weight: number])[] = [
  [-1, 0.6],
  [-2, 0.3],
  [1, 0.4],
  [2, 0.2],
];
/** So many standard deviations above the mean count 1. */
const FULL_LIKENESS = 4;
/** How likeness is measured. */
export const LIKENESS_PARAMETERS = { AROUND, FULL_LIKENESS };

/**
 * How like each candidate is to the question compared to the others, by itself and together with the turns around it of the same
 * sitting. Null where it is known of none.
 */
export function likenessAmong(
  candidates: readonly Candidate[],
  places: Places,
): { readonly own: readonly number[]; readonly around: readonly number[] } | null {
  if (!candidates.some(({ cosine }) => typeof cosine === 'number')) return null;
  const own = candidates.map(({ cosine }) => cosine ?? null);
  const mean = meanOf(own);
  const around = candidates.map(({ turn, cosine }) =>
    typeof cosine !== 'number'
      ? null
      : AROUND.reduce(
          (sum, [distance, weight]) => sum + weight * (neighbour(places, turn, distance)?.cosine ?? mean),
          cosine,
        ),
  );
  return { own: standardised(own), around: standardised(around) };
}

/** What is not known is as good as the mean. */
function standardised(values: readonly (number | null)[]): number[] {
  const mean = meanOf(values);
  const distances = values.map((value) => (value === null ? 0 : value - mean));
  const variance = distances.reduce((sum, distance) => sum + distance ** 2, 0) / knownOf(values).length;
  return distances.map((distance) => (variance === 0 ? 0 : distance / (FULL_LIKENESS * Math.sqrt(variance))));
}

const knownOf = (values: readonly (number | null)[]) => values.filter((value) => value !== null);
const meanOf = (values: readonly (number | null)[]) =>
  knownOf(values).reduce((sum, value) => sum + value, 0) / knownOf(values).length;
