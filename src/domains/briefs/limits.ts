import * as input from '../../ground/input.ts';

/** Characters. */
export const MAX_TITLE = 200;
export const MAX_TEXT = 12_000;
export const MAX_OUTPUT = 12_000;
export const MAX_CRITIQUE = 4_000;
export const MAX_NOTE = 2_000;
/** Times that the model writes one brief. */
export const MAX_ATTEMPTS = 3;
/** Times that the judge is asked for one attempt, when it answers something that is no verdict. */
export const MAX_JUDGINGS = 3;
/** Texts that people put in place of one brief's. */
export const MAX_EDITS = 10;
/** Of a verdict: what the mean of all criteria must reach, and each of them. */
export const PASSES_FROM = 80;
export const NONE_BELOW = 60;

const visible = (maximum: number) =>
  input.text(maximum).refine((text) => text.trim() !== '', { error: 'must not be only white space' });

export const title = visible(MAX_TITLE);
export const text = visible(MAX_TEXT);
export const output = visible(MAX_OUTPUT);
export const note = input.text(MAX_NOTE, 0);
export const id = input.text(100);
