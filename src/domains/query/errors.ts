import { EchoError } from '../../errors.ts';
import type { FailureReason } from '../../models/language-model.ts';
import type { RoutedFailure } from '../../models/router.ts';

interface Kind {
  readonly code: string;
  readonly httpStatus: number;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
}

const AWAY: Kind = { code: 'MODEL_UNAVAILABLE', httpStatus: 502, retryable: true };
const BUSY: Kind = { code: 'MODEL_BUSY', httpStatus: 503, retryable: true };
const LATE: Kind = { code: 'MODEL_TIMEOUT', httpStatus: 504, retryable: true };
const TOO_LONG: Kind = { code: 'CONTEXT_LENGTH_EXCEEDED', httpStatus: 400, retryable: false };
const REFUSED: Kind = { code: 'MODEL_REFUSED', httpStatus: 400, retryable: false };
/** A key or a name of the operator's that the provider does not know: no caller can mend it. */
const MISCONFIGURED: Kind = { code: 'MODEL_UNAVAILABLE', httpStatus: 502, retryable: false };

const KINDS: Readonly<Record<Exclude<FailureReason, 'REFUSED'>, Kind>> = {
  DECLINED: REFUSED,
  TOO_LONG,
  TIMEOUT: LATE,
  STALLED: LATE,
  QUEUE_FULL: BUSY,
  OVERLOADED: BUSY,
  CIRCUIT_OPEN: BUSY,
  UNREACHABLE: AWAY,
  BROKEN_STREAM: AWAY,
  EMPTY: AWAY,
  ABORTED: AWAY,
};
/** Bad request, too large, not processable: what a caller can change. */
const FAULTS_OF_THE_REQUEST: readonly (number | null)[] = [400, 413, 422];

/** No model answered what a client wanted to be passed on; what was said is stored, and asking again answers it. */
export class NoAnswer extends EchoError {
  override readonly name = 'NoAnswer';
  override readonly code: string;
  override readonly httpStatus: number;
  override readonly retryable: boolean;
  /** What of the request it lies in, where it lies there. */
  readonly field: string | undefined;

  /** @param failures of all models that were asked, in their order */
  constructor(failures: readonly RoutedFailure[]) {
    super(failures.map(({ message }) => message).join(' ') || 'No model answered.');
    // Another model than the one that declined may answer when it is asked again.
    const asked = failures.filter(({ reason }) => reason !== 'DECLINED');
    // One that can be mended says more than one that only has to be waited for.
    const kinds = (asked.length > 0 ? asked : failures).map(kindOf);
    const { code, httpStatus, retryable } = kinds.find((kind) => !kind.retryable) ?? kinds.at(-1) ?? AWAY;
    [this.code, this.httpStatus, this.retryable] = [code, httpStatus, retryable];
    this.field = code === TOO_LONG.code ? 'messages' : undefined;
  }
}

function kindOf({ reason, status }: RoutedFailure): Kind {
  if (reason !== 'REFUSED') return KINDS[reason];
  return FAULTS_OF_THE_REQUEST.includes(status) ? REFUSED : MISCONFIGURED;
}
