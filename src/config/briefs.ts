import { z } from 'zod';
import { type ModelLevel, models, prices, type RawSettings, wholeNumber } from './values.ts';

/** Who writes briefs and judges them, and how many. */
export const settings = {
  LLM_BRIEF_MODEL: z.string().max(100, 'must be at most 100 characters').optional(),
  LLM_JUDGE_MODEL: z.string().max(100, 'must be at most 100 characters').optional(),
  BRIEFS_PER_DAY: wholeNumber(1, 100_000).prefault('100'),
  BRIEFS_COST_PER_DAY: z
    .string()
    .regex(/^(?=.*[1-9])\d{1,6}(\.\d{1,6})?$/, {
      error: 'must be a decimal number above 0, with at most six digits before and after the point',
    })
    .transform(Number)
    .optional(),
};
const Values = z.object(settings);

/** @returns what does not go together */
export function checkBriefs(raw: RawSettings): string[] {
  const problems: string[] = [];
  const { LLM_BRIEF_MODEL: writer, LLM_JUDGE_MODEL: judge } = raw;
  for (const name of ['LLM_BRIEF_MODEL', 'LLM_JUDGE_MODEL'])
    if (raw[name] && !raw.LLM_BASE_URL) problems.push(`LLM_BASE_URL: must be set when ${name} is set`);
  if (writer && !judge) problems.push('LLM_JUDGE_MODEL: must be set when LLM_BRIEF_MODEL is set');
  if (judge && !writer) problems.push('LLM_BRIEF_MODEL: must be set when LLM_JUDGE_MODEL is set');
  if (raw.BRIEFS_COST_PER_DAY) {
    if (!writer) problems.push('LLM_BRIEF_MODEL: must be set when BRIEFS_COST_PER_DAY is set');
    for (const model of new Set([writer, judge]))
      if (model && !isPriced(raw, model))
        problems.push(
          `LLM_PRICES: must have a price of the level of "${model}" in LLM_MODELS when BRIEFS_COST_PER_DAY is set`,
        );
  }
  return problems;
}

/** Whether it is known what a model costs: it serves a level that has a price. */
function isPriced(raw: RawSettings, model: string): boolean {
  const levels = models.safeParse(raw.LLM_MODELS ?? '').data ?? {};
  const known = prices.safeParse(raw.LLM_PRICES ?? '').data ?? {};
  return (Object.keys(levels) as ModelLevel[]).some((level) => levels[level] === model && known[level]);
}

export function briefsOf(values: z.output<typeof Values>) {
  return {
    briefs: {
      /** Null: nothing writes briefs. */
      models:
        values.LLM_BRIEF_MODEL && values.LLM_JUDGE_MODEL
          ? { writer: values.LLM_BRIEF_MODEL, judge: values.LLM_JUDGE_MODEL }
          : null,
      /** Of one user. */
      perDay: values.BRIEFS_PER_DAY,
      /** Of a tenant, in the unit of `LLM_PRICES`; null: no limit. */
      costPerDay: values.BRIEFS_COST_PER_DAY ?? null,
    },
  } as const;
}
