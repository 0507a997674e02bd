/** One text of one file, and what stands there instead. */
interface Change {
  readonly file: string;
  /** Stands there exactly once, or the run ends. */
  readonly text: string;
  readonly replacement: string;
}

/** A fault that somebody could make, and the tests that should see it. */
export interface Mutation {
  readonly name: string;
  readonly changes: readonly Change[];
  readonly tests: readonly string[];
  /** Only tests with this in their names, where a file has many others. */
  readonly named?: string;
}

/** A fault in one place of the sources. */
export const one = (
  name: string,
  file: string,
  [text, replacement]: readonly [string, string],
  tests: readonly string[],
  named?: string,
): Mutation => ({
  name,
  changes: [{ file: `src/${file}`, text, replacement }],
  tests: tests.map((test) => `tests/${test}.test.ts`),
  ...(named !== undefined && { named }),
});
