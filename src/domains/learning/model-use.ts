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
