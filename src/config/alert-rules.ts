import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { RawSettings } from './values.ts';

/** The operator's own alerts on metrics and events. */
export const settings = {
  ALERT_RULES: z.string().optional(),
};
const Values = z.object(settings);

/** A rule as the operator wrote it. Whether there is its metric or its event is looked at where these are known. */
export type AlertRuleSetting = z.output<typeof Rule>;

export const RULE_FIGURES = ['value', 'count', 'low', 'high', 'p50', 'p95', 'p99'] as const;
export type RuleFigure = (typeof RULE_FIGURES)[number];
export const RULE_COMPARISONS = ['>', '>=', '<', '<='] as const;
export type RuleComparison = (typeof RULE_COMPARISONS)[number];

const MAX_RULES = 100;
/** Of a step, and of how long a condition must hold. */
const MAX_STEP_SECONDS = 21_600;
const MAX_FOR_SECONDS = 86_400;
/** Seconds are in memory for a quarter of an hour: rules in steps of less than a minute must get by with these. */
const MAX_SECONDS_IN_MEMORY = 840;
const MINUTE = 60;
const NAME = /^[a-z][a-z0-9_]{2,59}$/;

const shown = (given: unknown) => (JSON.stringify(given) ?? 'nothing').slice(0, 100);
const not = (what: string) => (issue: { readonly input?: unknown }) =>
  issue.input === undefined ? `is missing; it ${what}` : `${what}, not ${shown(issue.input)}`;
const whole = (least: number, most: number) => {
  const error = not(`must be a whole number of seconds from ${least} to ${most}`);
  return z.int({ error }).min(least, { error }).max(most, { error });
};
const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: not(`must be one of ${values.join(', ')}`) });
const line = (most: number) => {
  const error = not(`must be a text of 1 to ${most} characters without line breaks`);
  return z
    .string({ error })
    .min(1, { error })
    .max(most, { error })
    .refine((text) => !/\p{Cc}|[\u2028\u2029]/u.test(text) && text.isWellFormed(), { error });
};

const Rule = z
  .strictObject({
    /** Of the alert. */
    name: z.string({ error: not('must be a text') }).regex(NAME, {
      error: not('must have 3 to 60 small letters, digits and _, and begin with a letter'),
    }),
    /** What it means, for people. */
    words: line(300).optional(),
    metric: line(300).optional(),
    event: line(100).optional(),
    figure: oneOf(RULE_FIGURES).optional(),
    comparison: oneOf(RULE_COMPARISONS),
    threshold: z.number({ error: not('must be a number') }),
    stepSeconds: whole(1, MAX_STEP_SECONDS).default(MINUTE),
    forSeconds: whole(0, MAX_FOR_SECONDS).default(0),
    severity: oneOf(['WARNING', 'CRITICAL']).default('WARNING'),
    runbook: line(500)
      .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
        error: not('must be a URL that begins with http:// or https://'),
      })
      .optional(),
  })
  .superRefine(({ metric, event, figure, stepSeconds, forSeconds }, context) => {
    const refuse = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    if ((metric === undefined) === (event === undefined))
      refuse('metric', 'must be there, or event instead of it; a rule looks at one of them');
    if (event !== undefined && figure !== undefined && figure !== 'count')
      refuse('figure', `must be "count" of an event, not "${figure}"`);
    if (stepSeconds > MINUTE && stepSeconds % MINUTE !== 0)
      refuse('stepSeconds', `must be at most 60, or a multiple of 60, not ${stepSeconds}`);
    if (stepSeconds < MINUTE && MINUTE % stepSeconds !== 0)
      refuse('stepSeconds', `must be a part of 60 (such as 5, 10, 15 or 30), not ${stepSeconds}`);
    if (stepSeconds < MINUTE && forSeconds > MAX_SECONDS_IN_MEMORY)
      refuse(
        'forSeconds',
        `must be at most ${MAX_SECONDS_IN_MEMORY} with steps of less than a minute, not ${forSeconds}`,
      );
  });

const Rules = z
  .array(Rule, { error: 'must be a list of rules' })
  .max(MAX_RULES, { error: `must have at most ${MAX_RULES} rules` })
  .superRefine((rules, context) => {
    for (const [place, { name }] of rules.entries())
      if (rules.findIndex((other) => other.name === name) < place)
        context.addIssue({ code: 'custom', path: [place, 'name'], message: `"${name}" is there twice` });
  });

/** @returns each problem with the place that it is at */
export function checkRules(raw: RawSettings, directory: string): string[] {
  return read(raw.ALERT_RULES, directory).problems;
}

export function rulesOf(values: z.output<typeof Values>, directory: string) {
  return { alertRules: read(values.ALERT_RULES, directory).rules } as const;
}

/** The list stands in the setting itself, or in the file that it names. */
function read(
  setting: string | undefined,
  directory: string,
): { rules: readonly AlertRuleSetting[]; problems: string[] } {
  const refused = (...problems: string[]) => ({
    rules: [],
    problems: problems.map((problem) => `ALERT_RULES: ${problem}`),
  });
  if (setting === undefined) return { rules: [], problems: [] };
  const isFile = !setting.trimStart().startsWith('[');
  let given: unknown;
  try {
    given = JSON.parse(isFile ? readFileSync(resolve(directory, setting), 'utf8') : setting);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return refused(
      isFile && code
        ? `must be a JSON array, or the path of a file that holds one; "${setting.slice(0, 200)}" cannot be read (${code})`
        : `must be a JSON array, or the path of a file that holds one; it is no JSON (${(error as Error).message})`,
    );
  }
  const { data, error } = Rules.safeParse(given);
  if (!error) return { rules: data, problems: [] };
  return refused(
    ...error.issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message)),
  );
}
