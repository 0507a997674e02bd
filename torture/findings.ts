/** What can be wrong, one word for each promise. */
export type Check =
  | 'lost'
  | 'duplicated'
  | 'out-of-order'
  | 'altered'
  | 'sequence-gap'
  | 'half-stored'
  | 'chain-broken'
  | 'unknown-stored'
  | 'refused-stored'
  | 'wrongly-refused'
  | 'wrongly-accepted'
  | 'unanswered'
  | 'event-gap'
  | 'event-duplicate'
  | 'event-unknown'
  | 'vector-missing'
  | 'task-lost'
  | 'task-unknown'
  | 'task-unfinished'
  | 'effect-missing'
  | 'effect-twice'
  | 'attempts-incoherent'
  | 'slot-missing'
  | 'slot-twice'
  | 'index-missing'
  | 'forgotten'
  | 'journal-unnamed'
  | 'not-journaled'
  | 'health-untrue'
  | 'grows'
  | 'failed-in-quiet'
  | 'not-restored'
  | 'left-behind'
  | 'server-died'
  | 'no-recovery'
  | 'bad-stop';

/** A broken promise, with what is needed to look at it. */
export interface Finding {
  readonly check: Check;
  readonly conversationId: string | null;
  readonly detail: string;
}
