import { RE2JS, RE2JSException } from 're2js';

/** Characters of a pattern. */
export const MAX_PATTERN_LENGTH = 500;
/** How many steps a pattern may have when its repetitions are written out: a search takes at most so many for each character. */
export const MAX_PATTERN_SIZE = 2_000;

/** A pattern that is searched for in time that grows with the text alone; or why it is none. */
export type Pattern = { readonly isIn: (text: string) => boolean } | { readonly problem: string };

const FLAGS: Readonly<Record<string, number>> = {
  i: RE2JS.CASE_INSENSITIVE,
  m: RE2JS.MULTILINE,
  s: RE2JS.DOTALL,
};
const WITH_FLAGS = /^\/(.+)\/([a-z]*)$/s;

/** Whether a key is written as a pattern, `/like this/i`. */
export const isPattern = (key: string): boolean => WITH_FLAGS.test(key);

/**
 * Compiles a regular expression in the syntax of RE2, which has no backreferences and nothing that looks around: no pattern
 * takes more than linear time. Repetitions are bounded, since each is written out.
 *
 * @param key the pattern, bare or as `/pattern/flags`
 */
export function compilePattern(key: string, caseSensitive: boolean): Pattern {
  const [, inner = key, flags = caseSensitive ? '' : 'i'] = WITH_FLAGS.exec(key) ?? [];
  if (inner.length > MAX_PATTERN_LENGTH)
    return {
      problem: `the pattern has ${inner.length} characters; at most ${MAX_PATTERN_LENGTH} are searched for`,
    };
  const size = sizeOf(inner);
  if (size > MAX_PATTERN_SIZE)
    return {
      problem: `the pattern has ${size} steps with its repetitions; at most ${MAX_PATTERN_SIZE} are searched for`,
    };
  try {
    const set = [...flags].reduce((all, flag) => all | (FLAGS[flag] ?? 0), 0);
    const compiled = RE2JS.compile(inner, set);
    return { isIn: (text) => compiled.matcher(text).find() };
  } catch (error) {
    if (error instanceof RE2JSException) return { problem: error.message };
    throw error;
  }
}

/** About how many steps a pattern has when repetitions are written out; never less. */
function sizeOf(pattern: string): number {
  const outer: { before: number; last: number }[] = [];
  let [before, last] = [0, 0];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at];
    const repeated = /^\{(\d+)(?:,(\d*))?\}/.exec(pattern.slice(at, at + 20));
    if (character === '(') {
      outer.push({ before: before + last, last: 0 });
      [before, last] = [1, 0];
    } else if (character === ')') {
      const within = before + last;
      before = outer.pop()?.before ?? 0;
      last = within;
    } else if (repeated) {
      last *= Math.max(1, Number(repeated[1]) + 1, Number(repeated[2] || 0));
      at += repeated[0].length - 1;
    } else {
      before += last;
      last = 1;
      if (character === '\\') at++;
    }
    if (before + last > 1e9) return 1e9;
  }
  return before + last + outer.reduce((sum, each) => sum + each.before, 0);
}

/** Why one of an entry's patterns is never found; null: all can be. */
export function problemOfKeys(entry: {
  readonly keys: readonly string[];
  readonly secondaryKeys: readonly string[];
  readonly useRegex: boolean;
  readonly caseSensitive: boolean;
}): string | null {
  for (const key of [...entry.keys, ...entry.secondaryKeys]) {
    if (!entry.useRegex && !isPattern(key)) continue;
    const pattern = compilePattern(key, entry.caseSensitive);
    if ('problem' in pattern) return `${key.slice(0, 100)}: ${pattern.problem}`;
  }
  return null;
}
