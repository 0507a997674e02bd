/** Which series of a metric are meant: those that have all of these labels, whatever others they have. */
export interface Selector {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const PAIR = String.raw`\w+="(?:[^"\\]|\\.)*"`;
const SELECTOR = new RegExp(String.raw`^(\w+)(?:\{(${PAIR}(?:,\s*${PAIR})*)?\})?$`);
const PAIRS = /(\w+)=("(?:[^"\\]|\\.)*")/g;

/** Reads `name`, or `name{label="value",…}`, as Prometheus writes it. @returns null: it is neither */
export function parseSelector(text: string): Selector | null {
  const [, name, pairs = ''] = SELECTOR.exec(text.trim()) ?? [];
  if (name === undefined) return null;
  const labels: Record<string, string> = {};
  try {
    for (const [, label = '', value = '""'] of pairs.matchAll(PAIRS)) labels[label] = JSON.parse(value);
  } catch {
    return null;
  }
  return { name, labels };
}

/** Makes a look at names of series, which remembers what it has seen: there are few, and they come again. */
export function matcherOf({ name, labels }: Selector): (series: string) => boolean {
  const known = new Map<string, boolean>();
  const wanted = Object.entries(labels);
  return (series) => {
    // Whoever has no labels need not be read.
    if (!series.startsWith(name)) return false;
    let matches = known.get(series);
    if (matches === undefined) {
      const read = parseSelector(series);
      matches = read?.name === name && wanted.every(([label, value]) => read.labels[label] === value);
      known.set(series, matches);
    }
    return matches;
  };
}
