/** Shorter names, of settings too, are too near to what other programs call theirs (`HOME`, `PGHOST`). */
const SHORTEST = 6;
/** Letters that a slip of the hand puts in, leaves out, changes or swaps. */
const SLIP = 2;

/** A name that is no setting, and the setting that was probably meant. */
export interface MistakenName {
  readonly name: string;
  readonly meant: string;
}

/**
 * Names that are one slip away from a setting. Others belong to other programs, and are nobody's business.
 *
 * @param given names of variables, of the environment and of files alike
 */
export function mistakenNames(given: readonly string[], settings: readonly string[]): MistakenName[] {
  const known = new Set(settings);
  const long = settings.filter((name) => name.length >= SHORTEST);
  return given
    .filter((name) => name.length >= SHORTEST && !known.has(name))
    .flatMap((name) => {
      const meant = long.find((each) => isSlip(name.toUpperCase(), each));
      return meant === undefined ? [] : [{ name, meant }];
    });
}

/** Whether two names differ in one place only, by no more than a slip. */
function isSlip(one: string, other: string): boolean {
  const most = Math.min(one.length, other.length);
  let start = 0;
  while (start < most && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < most - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  return Math.max(one.length, other.length) - start - end <= SLIP;
}
