import type { Finding } from '../findings.ts';

/** A figure over time that should not grow. */
export interface Series {
  readonly name: string;
  readonly unit: string;
  /** Milliseconds since the run began, and the value then. */
  readonly points: readonly (readonly [number, number])[];
  readonly rule: Rule;
}

/**
 * `flat`: the median of the last third of the time is at most this share, and this much, above that of the middle third. `bounded`:
 * no value is above.
 */
export type Rule =
  | { readonly kind: 'flat'; readonly share: number; readonly floor: number }
  | { readonly kind: 'bounded'; readonly limit: number };

export interface Flatness {
  readonly name: string;
  readonly unit: string;
  readonly samples: number;
  readonly rule: Rule;
  /** Medians of the thirds; null of a third without enough samples. */
  readonly thirds: readonly (number | null)[];
  readonly highest: number | null;
  /** Null: there are too few samples to say. */
  readonly isFlat: boolean | null;
}

/** A third with fewer samples says nothing. */
const ENOUGH = 4;

/** Whether each figure keeps its rule. @param untilMs how long the run was */
export function judgeFlat(
  series: readonly Series[],
  untilMs: number,
): { findings: Finding[]; figures: Flatness[] } {
  const figures = series.map((each) => flatnessOf(each, untilMs));
  const findings = figures
    .filter(({ isFlat }) => isFlat === false)
    .map(({ name, unit, thirds, highest, rule }) => ({
      check: 'grows' as const,
      conversationId: null,
      detail:
        rule.kind === 'flat'
          ? `${name}: ${round(thirds[1])} ${unit} in the middle third, ${round(thirds[2])} in the last`
          : `${name}: up to ${round(highest)} ${unit}, where ${rule.limit} are the most`,
    }));
  return { findings, figures };
}

function flatnessOf({ name, unit, points, rule }: Series, untilMs: number): Flatness {
  const third = untilMs / 3;
  const thirds = [0, 1, 2].map((at) => {
    const values = points
      .filter(([when]) => when >= at * third && (when < (at + 1) * third || at === 2))
      .map(([, value]) => value);
    return values.length < ENOUGH ? null : medianOf(values);
  });
  const highest = points.length > 0 ? Math.max(...points.map(([, value]) => value)) : null;
  const [, middle = null, last = null] = thirds;
  const isFlat =
    rule.kind === 'bounded'
      ? highest === null
        ? null
        : highest <= rule.limit
      : middle === null || last === null
        ? null
        : last <= middle * (1 + rule.share) + rule.floor;
  return { name, unit, samples: points.length, rule, thirds, highest, isFlat };
}

export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const round = (value: number | null | undefined) => (value == null ? 'nothing' : Math.round(value * 10) / 10);
