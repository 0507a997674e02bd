/** What was measured of one candidate in one figure, in the order of the rounds. */
export interface Series {
  readonly candidate: string;
  readonly values: readonly number[];
}

/** One figure of one work: the same thing of each candidate. */
export interface Figure {
  /** Of the work. */
  readonly letter: string;
  readonly title: string;
  readonly unit: string;
  /** Whether more is better. */
  readonly more: boolean;
  readonly series: readonly Series[];
  /** What has to be known to read it. */
  readonly notes?: readonly string[];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** How far the rounds lie apart, as a share of their median. */
export function spreadOf(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values);
}

/**
 * How many times as good the first is as the second: the median of the ratios of each round, since what slows the machine
 * in a round slows both.
 */
export function ratioOf(figure: Figure, first: Series, second: Series): number {
  const pairs = first.values.map((value, round) => value / (second.values[round] ?? Number.NaN));
  const ratio = median(pairs);
  return figure.more ? ratio : 1 / ratio;
}

/** A table of a figure in Markdown-like columns, for terminals. */
export function printed(figure: Figure): string {
  const [own] = figure.series;
  const rows = figure.series.map((series) => [
    series.candidate,
    `${short(median(series.values))} ${figure.unit}`,
    series.values.length > 1 ? `± ${Math.round((spreadOf(series.values) / 2) * 100)} %` : '',
    own && series !== own ? comparison(figure, own, series) : '',
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
  return [
    `(${figure.letter}) ${figure.title}`,
    ...lines,
    ...(figure.notes ?? []).map((note) => `  ${note}`),
  ].join('\n');
}

/** Of nothing beside nothing there is no ratio. */
function comparison(figure: Figure, own: Series, series: Series): string {
  const ratio = ratioOf(figure, own, series);
  return Number.isFinite(ratio) ? `${own.candidate} is ${ratio.toFixed(2)} × as good` : '';
}

export function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
