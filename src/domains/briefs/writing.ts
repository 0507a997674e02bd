import { InvalidInput } from '../../errors.ts';
import type { RunningTask } from '../../jobs/job.ts';
import { DECLINED } from '../../models/chat-failure.ts';
import { ModelFailure } from '../../models/language-model.ts';
import { askFor, UnusableAnswer } from '../../models/structured.ts';
import { beginningOf } from '../../texts.ts';
import { MAX_JUDGINGS, MAX_OUTPUT } from './limits.ts';
import type { BriefModel } from './models.ts';
import type { BriefRow } from './tables.ts';
import { judgingQuestion, type Verdict, writingRequest } from './templates.ts';

/** A text that a model wrote, and what that took. */
export interface Written {
  readonly output: string;
  readonly finishReason: string;
  readonly model: string;
  readonly ms: number;
  readonly tokensIn: number | null;
  readonly tokensOut: number | null;
  readonly cost: string | null;
}

/** What a judge said of it. */
export interface Judged {
  /** Null: nothing that could be used. */
  readonly verdict: Verdict | null;
  readonly problem: string | null;
  readonly judge: string;
  readonly judgings: number;
  readonly ms: number;
  readonly tokensIn: number | null;
  readonly tokensOut: number | null;
  readonly cost: string | null;
}

/**
 * Has a text written.
 *
 * @param before the last text and what was said of it; null: it is the first
 * @throws ModelFailure where the model is away, declined or came to no end; InvalidInput where the brief is too long for it
 */
export async function writeText(
  { guard, costOf }: BriefModel,
  brief: BriefRow,
  before: Parameters<typeof writingRequest>[1],
  { signal, owner }: Pick<RunningTask, 'signal' | 'owner'>,
): Promise<Written> {
  const startedAt = performance.now();
  const request = writingRequest(brief, before);
  try {
    const answer = await guard.answer(request, { signal, caller: owner.userId ?? '' });
    const { text, finishReason, tokensIn, tokensOut } = answer;
    if (answer.isRefusal) throw new ModelFailure('DECLINED', `The model "${guard.name}" ${DECLINED}.`);
    // What was cut by the clock is no text yet; what the model itself ended, the judge reads.
    if (finishReason === 'timeout' || finishReason === 'cancelled')
      throw new ModelFailure('TIMEOUT', `The model "${guard.name}" did not come to an end.`);
    const { output, isCut } = cut(text);
    return {
      ...{ output, finishReason: isCut ? 'length' : finishReason, model: guard.name, tokensIn, tokensOut },
      ms: Math.round(performance.now() - startedAt),
      cost: costOf(tokensIn, tokensOut),
    };
  } catch (error) {
    if (error instanceof ModelFailure && error.reason === 'TOO_LONG')
      throw new InvalidInput('text', `is too long for the model "${guard.name}"`);
    throw error;
  }
}

/**
 * Has a text judged. A judge that answers something else is asked again, and then there is no verdict: none is made up.
 *
 * @throws ModelFailure where the judge is away
 */
export async function judgeText(
  { guard, costOf }: BriefModel,
  brief: BriefRow,
  output: string,
  { signal, owner }: Pick<RunningTask, 'signal' | 'owner'>,
): Promise<Judged> {
  const startedAt = performance.now();
  const used = { in: null as number | null, out: null as number | null };
  let problem = '';
  for (let judgings = 1; ; judgings++) {
    let verdict: Verdict | null = null;
    try {
      const answer = await askFor(guard, judgingQuestion(brief, output), {
        signal,
        caller: owner.userId ?? '',
      });
      verdict = answer.value;
      count(used, answer);
    } catch (error) {
      signal.throwIfAborted();
      const isTooLong = error instanceof ModelFailure && error.reason === 'TOO_LONG';
      if (!(error instanceof UnusableAnswer || isTooLong)) throw error;
      if (error instanceof UnusableAnswer) count(used, error);
      problem = (error as Error).message;
      if (judgings < MAX_JUDGINGS && !isTooLong) continue;
    }
    return {
      ...{ verdict, problem: verdict ? null : problem, judge: guard.name, judgings },
      ms: Math.round(performance.now() - startedAt),
      ...{ tokensIn: used.in, tokensOut: used.out, cost: costOf(used.in, used.out) },
    };
  }
}

function count(
  used: { in: number | null; out: number | null },
  told: { readonly tokensIn: number | null; readonly tokensOut: number | null },
): void {
  if (told.tokensIn !== null) used.in = (used.in ?? 0) + told.tokensIn;
  if (told.tokensOut !== null) used.out = (used.out ?? 0) + told.tokensOut;
}

/** As much of a text as is kept. */
function cut(text: string): { output: string; isCut: boolean } {
  const output = beginningOf(text, MAX_OUTPUT);
  return { output, isCut: output !== text };
}
