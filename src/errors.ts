/** A failure that a caller may expect. Its message is written for the caller; its code is part of the contract. */
export abstract class EchoError extends Error {
  abstract readonly code: string;
  /** Over HTTP, at doors whose answers are all of one operation. */
  readonly httpStatus: number = 503;
  /** Whether the audit log tells of it: somebody asked for what they may not. */
  readonly isAudited: boolean = false;
  /** Whether the same request may succeed later, unchanged. */
  readonly retryable: boolean = false;
}

/** The field in which a failure lies; null where it lies in none. */
export function fieldOf(error: EchoError): string | null {
  const field: unknown = 'field' in error ? error.field : null;
  return typeof field === 'string' ? field : null;
}

/** A value was refused before anything was done. Names the field and the limit. */
export class InvalidInput extends EchoError {
  override readonly name = 'InvalidInput';
  readonly code = 'BAD_USER_INPUT';
  override readonly httpStatus = 422;
  readonly field: string;
  constructor(field: string, problem: string) {
    super(`${field}: ${problem}`);
    this.field = field;
  }
}

/** Does not exist, or not for this caller; the two are not told apart. */
export class NotFound extends EchoError {
  override readonly name = 'NotFound';
  readonly code = 'NOT_FOUND';
  override readonly httpStatus = 404;
  readonly field: string;
  constructor(field: string, what: string) {
    super(`${field}: ${what}`);
    this.field = field;
  }
}

/** The idempotency key already names a turn with another content. */
export class IdempotencyKeyReused extends EchoError {
  override readonly name = 'IdempotencyKeyReused';
  readonly code = 'IDEMPOTENCY_KEY_REUSED';
  override readonly httpStatus = 409;
  readonly field: string;
  /** The turns that the keys name. */
  readonly turnIds: readonly string[];
  /** Places in the list that was sent, from 0. */
  readonly positions: readonly number[];
  constructor(field: string, turnIds: readonly string[] = [], positions: readonly number[] = []) {
    super(`${field}: this key was already used for another content; use a new key`);
    this.field = field;
    this.turnIds = turnIds;
    this.positions = positions;
  }
}

/** Nothing goes from its status to the one that was asked for. */
export class StatusMoveRefused extends EchoError {
  override readonly name = 'StatusMoveRefused';
  readonly code = 'STATUS_MOVE_REFUSED';
  override readonly httpStatus = 409;
  readonly field: string;
  readonly from: string;
  readonly to: string;
  /** Where it may go. */
  readonly allowed: readonly string[];
  constructor(field: string, move: { from: string; to: string; allowed: readonly string[] }) {
    const { from, to, allowed } = move;
    super(`${field}: it cannot go from ${from} to ${to}, only to ${allowed.join(', ') || 'nothing else'}`);
    [this.field, this.from, this.to, this.allowed] = [field, from, to, allowed];
  }
}

/** Later changes build on one that was to be undone. */
export class FactChangeBuiltOn extends EchoError {
  override readonly name = 'FactChangeBuiltOn';
  readonly code = 'CHANGE_BUILT_ON';
  override readonly httpStatus = 409;
  readonly field: string;
  /** The changes that would have to be undone, too, the latest first. */
  readonly changeIds: readonly string[];
  constructor(field: string, changeIds: readonly string[]) {
    super(
      `${field}: later changes build on it, which have to be undone first, or with it: ${changeIds.join(', ')}`,
    );
    [this.field, this.changeIds] = [field, changeIds];
  }
}

/** A schedule makes no second task while one is unfinished. */
export class ScheduleBusy extends EchoError {
  override readonly name = 'ScheduleBusy';
  readonly code = 'SCHEDULE_BUSY';
  override readonly httpStatus = 409;
  override readonly retryable = true;
  readonly field: string;
  /** The one that is unfinished. */
  readonly taskId: string;
  constructor(field: string, taskId: string) {
    super(`${field}: the task ${taskId} of this schedule is unfinished; wait for its end, or cancel it`);
    [this.field, this.taskId] = [field, taskId];
  }
}

/** What somebody may have is used up; nothing was done. */
export class QuotaExceeded extends EchoError {
  override readonly name = 'QuotaExceeded';
  readonly code = 'QUOTA_EXCEEDED';
  override readonly httpStatus = 429;
  override readonly retryable = true;
  readonly field: string;
  /** From when on there is some again; null: not by waiting. */
  readonly resetsAt: Date | null;
  constructor(field: string, problem: string, resetsAt: Date | null) {
    super(`${field}: ${problem}`);
    [this.field, this.resetsAt] = [field, resetsAt];
  }
}

/** More money than may move at once; none did. Amounts are in the smallest unit of the currency. */
export class AmountExceeded extends EchoError {
  override readonly name = 'AmountExceeded';
  readonly code = 'AMOUNT_EXCEEDED';
  override readonly httpStatus = 422;
  readonly field: string;
  readonly currency: string;
  readonly amount: number;
  readonly limit: number;
  constructor(
    field: string,
    problem: string,
    money: { readonly currency: string; readonly amount: number; readonly limit: number },
  ) {
    super(`${field}: ${problem}`);
    this.field = field;
    [this.currency, this.amount, this.limit] = [money.currency, money.amount, money.limit];
  }
}

/** Turns of these keys were deleted: a retry does not bring them back. */
export class InteractionDeleted extends EchoError {
  override readonly name = 'InteractionDeleted';
  readonly code = 'INTERACTION_DELETED';
  override readonly httpStatus = 410;
  readonly field: string;
  readonly turnIds: readonly string[];
  /** Places in the list that was sent, from 0. */
  readonly positions: readonly number[];
  constructor(field: string, turnIds: readonly string[], positions: readonly number[] = []) {
    super(`${field}: the turn of this key was deleted, and a retry does not bring it back`);
    this.field = field;
    this.turnIds = turnIds;
    this.positions = positions;
  }
}

/** Nothing valid was shown that says who is calling. */
export class Unauthenticated extends EchoError {
  override readonly name = 'Unauthenticated';
  readonly code = 'UNAUTHENTICATED';
  override readonly httpStatus = 401;
  override readonly isAudited = true;
  constructor() {
    super('show a valid API key (x-api-key) or token (authorization: Bearer …)');
  }
}

/** The caller asked for too much in too short a time; nothing was done. */
export class RateLimited extends EchoError {
  override readonly name = 'RateLimited';
  readonly code = 'RATE_LIMITED';
  override readonly httpStatus = 429;
  override readonly isAudited = true;
  override readonly retryable = true;
  /** Milliseconds after which the same request is taken. */
  readonly retryAfterMs: number;
  constructor(what: string, retryAfterMs: number) {
    super(`${what}; try again in ${Math.ceil(retryAfterMs / 1_000)} s`);
    this.retryAfterMs = retryAfterMs;
  }
}

/** A subscriber did not read what it was sent; it gets nothing more, and can go on after the cursor. */
export class SubscriberTooSlow extends EchoError {
  override readonly name = 'SubscriberTooSlow';
  readonly code = 'SUBSCRIBER_TOO_SLOW';
  override readonly retryable = true;
  readonly cursor: string;
  constructor(cursor: string) {
    super(`what was sent was not read in time; subscribe again after the cursor ${cursor}`);
    this.cursor = cursor;
  }
}

/** What follows a cursor is there no more; what is left can be had after another one. */
export class CursorExpired extends EchoError {
  override readonly name = 'CursorExpired';
  readonly code = 'CURSOR_EXPIRED';
  override readonly httpStatus = 410;
  /** The oldest one that still works: everything that is left comes after it. */
  readonly cursor: string;
  constructor(cursor: string) {
    super(`after: events right after this cursor are no longer kept; what is left comes after ${cursor}`);
    this.cursor = cursor;
  }
}

/** The caller is known but may not do this. */
export class Forbidden extends EchoError {
  override readonly name = 'Forbidden';
  readonly code = 'FORBIDDEN';
  override readonly httpStatus = 403;
  override readonly isAudited = true;
}

/** There are not enough days of which something is known to say what comes. */
export class TooLittleHistory extends EchoError {
  override readonly name = 'TooLittleHistory';
  readonly code = 'TOO_LITTLE_HISTORY';
  override readonly httpStatus = 409;
  override readonly retryable = true;
  readonly field: string;
  readonly neededDays: number;
  readonly knownDays: number;
  constructor(field: string, neededDays: number, knownDays: number) {
    super(
      `${field}: a forecast needs ${neededDays} whole days without a gap until yesterday, and ${knownDays} are known: ${neededDays - knownDays} are missing`,
    );
    [this.field, this.neededDays, this.knownDays] = [field, neededDays, knownDays];
  }
}

/** The caller's tenant was suspended: it may read, and nothing of it is changed. */
export class TenantSuspended extends EchoError {
  override readonly name = 'TenantSuspended';
  readonly code = 'TENANT_SUSPENDED';
  override readonly httpStatus = 403;
  override readonly isAudited = true;
  /** @param reason what the operator said */
  constructor(tenantId: string, reason: string) {
    super(`the tenant "${tenantId}" is suspended, so that it may only read: ${reason}`);
  }
}

/** The server was not set up for this; the message says what the operator has to do. */
export class NotConfigured extends EchoError {
  override readonly name = 'NotConfigured';
  readonly code = 'NOT_CONFIGURED';
  /** What is missing: a setting, or what the operator has to make. */
  readonly setting: string;
  constructor(setting: string, problem: string) {
    super(`${setting}: ${problem}`);
    this.setting = setting;
  }
}

/** A request to this address would go where it may not; none was sent. */
export class UrlForbidden extends EchoError {
  override readonly name = 'UrlForbidden';
  readonly code = 'URL_FORBIDDEN';
  override readonly httpStatus = 422;
}

/** Something that is needed does not answer now; nothing was stored, and trying again is safe. */
export class ServiceUnavailable extends EchoError {
  override readonly name = 'ServiceUnavailable';
  readonly code = 'SERVICE_UNAVAILABLE';
  override readonly retryable = true;
}

/** There is no space to keep it; nothing was stored, and reads go on. */
export class StorageFull extends EchoError {
  override readonly name = 'StorageFull';
  readonly code = 'STORAGE_FULL';
  override readonly retryable = true;
}
