import type { Actor } from './caller.ts';

/** A refusal as it is told. */
export interface Refusal {
  /** Null: nobody knows who. */
  readonly actor: Actor | null;
  /** Where the caller is, if no actor says it. */
  readonly address: string | null;
  /** What was refused: the field of an operation, or a path. */
  readonly action: string;
  /** The code that the caller got. */
  readonly code: string;
  readonly correlationId: string | null;
}

/** Who is told of refusals. */
export interface RefusalLog {
  /** Notes a refusal, at once; it is kept later. */
  refused(refusal: Refusal): void;
}
