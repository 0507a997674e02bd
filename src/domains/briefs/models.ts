import type { Guard } from '../../models/guard.ts';

/** One of the two models of briefs. */
export interface BriefModel {
  readonly guard: Pick<Guard, 'name' | 'answer'>;
  /** What a call cost, as a decimal number; null: nobody knows. */
  readonly costOf: (tokensIn: number | null, tokensOut: number | null) => string | null;
}

/** What writes and what judges. */
export interface BriefModels {
  readonly writer: BriefModel;
  readonly judge: BriefModel;
  /** Milliseconds that one answer may take. */
  readonly longestMs: number;
}
