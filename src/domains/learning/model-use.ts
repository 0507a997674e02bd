/** What a model was asked for some turns, and what that cost. */
export interface ModelUse {
  readonly model: string;
  /** Requests that gave nothing that could be used. */
  readonly failedBatches: number;
  /** As the provider counted; null: it did not. */
  readonly tokensIn: number | null;
  readonly tokensOut: number | null;
  /** Null: no price is known. */
  readonly cost: number | null;
}

/** Of the same model. */
export function sumOfUses(a: ModelUse, b: ModelUse): ModelUse {
  const sum = (one: number | null, other: number | null) =>
    one === null && other === null ? null : (one ?? 0) + (other ?? 0);
  return {
    model: a.model,
    failedBatches: a.failedBatches + b.failedBatches,
    tokensIn: sum(a.tokensIn, b.tokensIn),
    tokensOut: sum(a.tokensOut, b.tokensOut),
    cost: sum(a.cost, b.cost),
  };
}
