import type { Calendar } from './calendar.ts';
import type { Found } from './expressions.ts';
import { BEGINNING, type Stretch } from './stretches.ts';

/** How well a turn fits that is only somewhere before or after a date. */
const OPEN = 0.3;

/** Joins "from Monday to Wednesday", and stretches what follows "since" and "before". */
export function joined(text: string, found: readonly Found[]): Found[] {
  const whole: Found[] = [];
  for (const each of found) {
    const before = whole.at(-1);
    const between = before && text.slice(before.to, each.from);
    const last = each.stretches.find(({ isNear }) => !isNear);
    // Without a year the beginning is the latest one before the end: "between November and January".
    const first = last && before?.stretches.find(({ from, isNear }) => !isNear && from < last.to);
    if (before?.lead === 'from' && first && last && isTo(between, each)) {
      const { weight } = first;
      whole[whole.length - 1] = {
        ...before,
        to: each.to,
        stretches: [{ from: first.from, to: last.to, weight }],
      };
    } else if (each.lead !== 'to' || !each.needsLead) whole.push(each);
  }
  return whole;
}

function isTo(between: string | undefined, { language, lead }: Found): boolean {
  if (between === undefined) return false;
  // "between May and July": what joins the two may stand there as what introduces the second.
  if (lead === 'before' || lead === 'to') return between.trim() === '';
  return new RegExp(`^ ?${language.to} ?$`).test(between);
}

/** "since Tuesday", "before 8 May": of a date in the calendar, what is close to it is still likelier. */
export function openEnded(calendar: Calendar, found: Found): Found {
  const { lead, isRelative, stretches } = found;
  const [first] = stretches;
  if (!first || (lead !== 'since' && lead !== 'before')) return found;
  const ends =
    lead === 'since' ? { from: first.from, to: calendar.minute + 1 } : { from: BEGINNING, to: first.from };
  if (lead === 'since' && isRelative) return { ...found, stretches: [{ ...ends, weight: first.weight }] };
  const close = stretches.map((each) => ({ ...each, isNear: true }));
  return { ...found, isRelative: false, stretches: [{ ...ends, weight: OPEN }, ...close] };
}

/** "in May last year": a time within another one is what both name together. */
export function narrowed(found: readonly Found[]): Found[] {
  const isWithin = (inner: Stretch, outer: Stretch) => outer.from <= inner.from && inner.to <= outer.to;
  for (const wide of found)
    for (const narrow of found) {
      const stretches = narrow.stretches.filter((each) =>
        wide.stretches.some((outer) => !outer.isNear && isWithin(each, outer)),
      );
      if (narrow === wide || stretches.every(({ isNear }) => isNear)) continue;
      const both = { ...narrow, stretches, isRelative: narrow.isRelative || wide.isRelative };
      return narrowed(found.flatMap((each) => (each === wide ? [] : each === narrow ? both : each)));
    }
  return [...found];
}
