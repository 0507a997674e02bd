/** Why the signal of a running task was aborted. */
export type AbortKind = 'CANCELLED' | 'TIMEOUT' | 'STOPPING' | 'LOST';

/** The reason of a running task's signal. */
export class TaskAborted extends Error {
  override readonly name: string = 'TaskAborted';
  readonly kind: AbortKind;
  constructor(kind: AbortKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Another attempt has taken over, or the task is gone: what this one does no longer counts. */
export class TaskLost extends TaskAborted {
  override readonly name = 'TaskLost';
  constructor() {
    super('LOST', 'the task is no longer this attempt’s: another has taken over, or it was ended or erased');
  }
}

/** What a job returned cannot be kept; another attempt would return the same. */
export class ResultRefused extends Error {
  override readonly name = 'ResultRefused';
}
