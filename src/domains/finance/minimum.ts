/** Steps of a search, and the difference between its best and worst corner at which it ends, as a share. */
const [MOST_STEPS, CLOSE] = [600, 1e-10];

interface Corner {
  readonly point: readonly number[];
  readonly value: number;
}

/**
 * Where a function is smallest, near a point: the method of Nelder and Mead with its usual factors (A simplex method for function
 * minimization, 1965).
 */
export function minimum(of: (point: readonly number[]) => number, from: readonly number[]): Corner {
  const at = (point: readonly number[]): Corner => ({ point, value: of(point) });
  let corners = [
    at(from),
    ...from.map((_, axis) => at(from.map((x, other) => (other === axis ? x + 1 : x)))),
  ];
  for (let step = 0; step < MOST_STEPS; step++) {
    corners.sort((a, b) => a.value - b.value);
    const best = corners[0] as Corner;
    const worst = corners.at(-1) as Corner;
    if (worst.value - best.value <= CLOSE * Math.abs(best.value)) break;
    const others = corners.slice(0, -1);
    const centre = from.map((_, axis) => sum(others, axis) / others.length);
    const along = (share: number) => at(centre.map((x, axis) => x + share * (x - (worst.point[axis] ?? 0))));
    const reflected = along(1);
    const next = better(reflected, { best, worst, others }, along);
    corners = next
      ? [...others, next]
      : [
          best,
          ...corners
            .slice(1)
            .map(({ point }) => at(point.map((x, axis) => (x + (best.point[axis] ?? 0)) / 2))),
        ];
  }
  return corners.reduce((a, b) => (b.value < a.value ? b : a));
}

/** What takes the place of the worst corner; null: nothing does, all of them draw nearer to the best. */
function better(
  reflected: Corner,
  { best, worst, others }: { best: Corner; worst: Corner; others: readonly Corner[] },
  along: (share: number) => Corner,
): Corner | null {
  if (reflected.value < best.value) {
    const further = along(2);
    return further.value < reflected.value ? further : reflected;
  }
  if (reflected.value < (others.at(-1) as Corner).value) return reflected;
  const nearer = along(reflected.value < worst.value ? 0.5 : -0.5);
  return nearer.value < Math.min(reflected.value, worst.value) ? nearer : null;
}

function sum(corners: readonly Corner[], axis: number): number {
  return corners.reduce((total, { point }) => total + (point[axis] ?? 0), 0);
}
