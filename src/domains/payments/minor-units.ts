// Nothing is imported here: the dashboard writes amounts by it, too.

/** Currencies that Stripe takes without a smaller unit. */
const WITHOUT_MINOR = new Set('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '));
/** With a thousandth, of which only tens can be paid. */
export const THOUSANDTHS: ReadonlySet<string> = new Set('BHD JOD KWD OMR TND'.split(' '));

/** How many of the smallest unit make a whole one: 100 for EUR, 1 for JPY, 1,000 for KWD. */
export function minorUnits(code: string): number {
  if (WITHOUT_MINOR.has(code)) return 1;
  return THOUSANDTHS.has(code) ? 1_000 : 100;
}

/** For people: 5000.01 EUR. */
export function written(minor: number, code: string): string {
  const units = minorUnits(code);
  return `${(minor / units).toFixed(Math.round(Math.log10(units)))} ${code}`;
}
