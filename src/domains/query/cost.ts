import type { ModelLevel, ModelPrice } from '../../config/values.ts';
import type { ModelAnswer } from '../../models/language-model.ts';

/** Which models there are and what they cost, by level. */
export interface PricedModels {
  readonly levels: Partial<Record<ModelLevel, string>>;
  readonly prices: Partial<Record<ModelLevel, ModelPrice>>;
}

const PRICED_TOKENS = 1_000_000;
const DECIMALS = 6;
/** The column holds no more. What costs so much was counted wrong. */
const TOO_MUCH = 1_000_000;

/**
 * What an answer cost, as a decimal number to the millionth. Null where nobody knows: no price, or tokens that the
 * provider did not count. A model that serves several levels has one price, at whichever of them it is given.
 */
export function costOf(
  { levels, prices }: PricedModels,
  used: { level: ModelLevel; model: string },
  { tokensIn, tokensOut }: Pick<ModelAnswer, 'tokensIn' | 'tokensOut'>,
): string | null {
  const named = (Object.keys(prices) as ModelLevel[]).find((level) => levels[level] === used.model);
  const price = prices[used.level] ?? (named && prices[named]);
  if (!price || tokensIn === null || tokensOut === null) return null;
  const cost = (tokensIn * price.input + tokensOut * price.output) / PRICED_TOKENS;
  return cost < TOO_MUCH - 1 ? cost.toFixed(DECIMALS) : null;
}
