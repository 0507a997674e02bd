import { z } from 'zod';
import * as input from '../../ground/input.ts';

/** Of a user, deleted ones included. */
export const MAX_PROJECTS = 500;
/** Of a project. */
export const MAX_CHARACTERS = 50;
export const MAX_SEGMENTS = 200;
export const MAX_DECISIONS = 2_000;
/** Seconds of one segment, and of all of them. */
export const [MIN_DURATION, MAX_DURATION] = [0.1, 600];
export const MAX_TOTAL_DURATION = 3_600;
/** Characters. */
export const MAX_NAME = 200;
export const MAX_DESCRIPTION = 4_000;
export const MAX_ROLE = 200;
export const MAX_PROMPT = 2_000;
export const MAX_DECISION = 4_000;
/** Pixels of a side of the video; codecs take even ones. */
export const [MIN_SIDE, MAX_SIDE] = [64, 3_840];
export const [DEFAULT_WIDTH, DEFAULT_HEIGHT] = [1_280, 720];
export const MAX_FRAMES_PER_SECOND = 60;
export const DEFAULT_FRAMES_PER_SECOND = 24;

const visible = (maximum: number) =>
  input.text(maximum).refine((text) => text.trim() !== '', { error: 'must not be only white space' });
const whole = (least: number, most: number) =>
  z
    .int({ error: `must be a whole number from ${least} to ${most}` })
    .min(least, { error: `must be from ${least} to ${most}` })
    .max(most, { error: `must be from ${least} to ${most}` });

export const name = visible(MAX_NAME);
export const description = input.text(MAX_DESCRIPTION, 0);
export const side = whole(MIN_SIDE, MAX_SIDE).refine((pixels) => pixels % 2 === 0, { error: 'must be even' });
export const framesPerSecond = whole(1, MAX_FRAMES_PER_SECOND);
export const characterName = input.text(100);
export const role = input.text(MAX_ROLE, 0);
export const prompt = visible(MAX_PROMPT);
export const position = whole(1, MAX_SEGMENTS + 1);
const seconds = `must be from ${MIN_DURATION} to ${MAX_DURATION} seconds`;
export const duration = z
  .number({ error: seconds })
  .min(MIN_DURATION, { error: seconds })
  .max(MAX_DURATION, { error: seconds });
export const decision = visible(MAX_DECISION);
export const id = input.text(100);
