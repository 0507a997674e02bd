import type { MetricUnit } from './recorded.ts';

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const UNITS = [
  { unit: 'd', seconds: 86_400 },
  { unit: 'h', seconds: 3_600 },
  { unit: 'min', seconds: 60 },
] as const;

const rounded = (value: number) =>
  new Intl.NumberFormat('en', { maximumSignificantDigits: Math.abs(value) >= 1_000 ? 21 : 3 }).format(
    Math.abs(value) >= 1_000 ? Math.round(value) : value,
  );

/** A value of a metric for people, with its unit: `93 %`, `1.5 GiB`, `0.72 s`, `1,234`. */
export function withUnit(value: number, unit: MetricUnit): string {
  if (unit === 'RATIO') return `${rounded(value * 100)} %`;
  if (unit === 'SECONDS') return Math.abs(value) < 60 ? `${rounded(value)} s` : duration(value);
  if (unit !== 'BYTES') return rounded(value);
  const power = Math.min(
    BYTE_UNITS.length - 1,
    Math.max(0, Math.floor(Math.log2(Math.abs(value) || 1) / 10)),
  );
  return `${rounded(value / 1024 ** power)} ${BYTE_UNITS[power]}`;
}

/** `90 s` is `1 min 30 s`: the two largest units, smaller ones rounded away. @param seconds 0 or more */
export function duration(seconds: number): string {
  const found = UNITS.findIndex((each) => seconds >= each.seconds);
  const large = UNITS[found];
  if (!large) return `${rounded(seconds)} s`;
  const small = UNITS[found + 1] ?? { unit: 's', seconds: 1 };
  const all = Math.round(seconds / small.seconds) * small.seconds;
  const rest = Math.round((all % large.seconds) / small.seconds);
  const whole = Math.floor(all / large.seconds);
  return rest === 0 ? `${whole} ${large.unit}` : `${whole} ${large.unit} ${rest} ${small.unit}`;
}
