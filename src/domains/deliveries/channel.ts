import type { DeliveryRow } from './tables.ts';

/** What became of one attempt. */
export type Outcome =
  /** @property note what is to be known all the same: not all who were meant have it */
  | { readonly kind: 'DELIVERED'; readonly status: number | null; readonly note?: string }
  /** What it told of is there no more. */
  | { readonly kind: 'NOTHING_LEFT'; readonly why: string }
  | Failure
  /** Nothing more goes to this target until somebody lets it. */
  | { readonly kind: 'HELD'; readonly status: number | null; readonly error: string };

export interface Failure {
  readonly kind: 'FAILED';
  /** Whether others to the same target would fail alike: then they wait, too. */
  readonly reach: 'DELIVERY' | 'TARGET';
  readonly status: number | null;
  readonly error: string;
  /** What the receiver asked for; null: it did not. */
  readonly retryAfterMs: number | null;
}

/** A way out of the server. */
export interface DeliveryChannel {
  readonly name: string;
  /**
   * Makes the message of what is stored by now, and sends it. The same delivery may come again after it was sent.
   *
   * @param signal the server stops, or somebody else delivers to this target
   */
  send(delivery: DeliveryRow, signal: AbortSignal): Promise<Outcome>;
}
