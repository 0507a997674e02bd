import { EchoError } from '../../errors.ts';

/** Nothing was done, and the same request gets the same answer until something else has changed. */
export class RepairRefused extends EchoError {
  override readonly name = 'RepairRefused';
  readonly code = 'REPAIR_REFUSED';
  override readonly httpStatus = 409;
}

/** It was tried, and did not come to what it was for; or nobody knows. It is not tried again by itself. */
export class RepairFailed extends EchoError {
  override readonly name = 'RepairFailed';
  readonly code = 'REPAIR_FAILED';
}
