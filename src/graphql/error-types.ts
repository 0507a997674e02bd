import {
  AmountExceeded,
  CursorExpired,
  type EchoError,
  FactChangeBuiltOn,
  IdempotencyKeyReused,
  InteractionDeleted,
  InvalidInput,
  NotConfigured,
  NotFound,
  QuotaExceeded,
  ScheduleBusy,
  StatusMoveRefused,
  TooLittleHistory,
  UrlForbidden,
} from '../errors.ts';
import { builder } from './builder.ts';

const ErrorInterface = builder
  .interfaceRef<Pick<EchoError, 'message' | 'code' | 'retryable'>>('Error')
  .implement({
    description: 'A failure that a caller may expect. Nothing was changed.',
    fields: (t) => ({
      message: t.exposeString('message', {
        description: 'What was wrong and what the limit is, for people.',
      }),
      code: t.exposeString('code', { description: 'Names the kind of failure, for programs.' }),
      retryable: t.exposeBoolean('retryable', {
        description: 'Whether the same request may succeed later, unchanged.',
      }),
    }),
  });

builder.objectType(InvalidInput, {
  name: 'InvalidInputError',
  description: 'A value is outside its limits (code BAD_USER_INPUT).',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    field: t.exposeString('field', {
      description:
        'Path of the input field, such as turns.3.query or filter.since: from the argument on, places in lists from 0, and without `input`, unless no single field of it is wrong.',
    }),
  }),
});

builder.objectType(NotFound, {
  name: 'NotFoundError',
  description: 'What was named does not exist, or not for this caller (code NOT_FOUND).',
  interfaces: [ErrorInterface],
  fields: (t) => ({ field: t.exposeString('field', { description: 'The input field that names it.' }) }),
});

builder.objectType(IdempotencyKeyReused, {
  name: 'IdempotencyKeyReusedError',
  description: 'The idempotency key already names a turn with another content (code IDEMPOTENCY_KEY_REUSED).',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    field: t.exposeString('field', { description: 'The input field that holds the key.' }),
    turnIds: t.idList({
      description: 'The ids of the turns that such keys name, one for each of `positions`.',
      resolve: ({ turnIds }) => [...turnIds],
    }),
    positions: t.intList({
      description:
        'Places of such keys in `turns`, from 0; all others may be sent again. Empty for a query, and where another request uses the key right now.',
      resolve: ({ positions }) => [...positions],
    }),
  }),
});

builder.objectType(InteractionDeleted, {
  name: 'InteractionDeletedError',
  description:
    'The idempotency key names a turn that was deleted; a retry does not bring it back (code INTERACTION_DELETED).',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    field: t.exposeString('field', { description: 'The first input field that holds such a key.' }),
    turnIds: t.idList({
      description: 'The ids of all deleted turns among those that were sent.',
      resolve: ({ turnIds }) => [...turnIds],
    }),
    positions: t.intList({
      description: 'Their places in `turns`, from 0; all others may be sent again. Empty for a query.',
      resolve: ({ positions }) => [...positions],
    }),
  }),
});

builder.objectType(StatusMoveRefused, {
  name: 'StatusMoveRefusedError',
  description: 'Nothing goes from its status to the one that was asked for (code STATUS_MOVE_REFUSED).',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    field: t.exposeString('field', { description: 'The input field that names the status.' }),
    from: t.exposeString('from', { description: 'The status that it has.' }),
    to: t.exposeString('to', { description: 'The status that was asked for.' }),
    allowed: t.stringList({
      description: 'Where it may go from the status that it has.',
      resolve: ({ allowed }) => [...allowed],
    }),
  }),
});

builder.objectType(FactChangeBuiltOn, {
  name: 'ChangeBuiltOnError',
  description: 'Later changes build on the one that was to be undone (code CHANGE_BUILT_ON).',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    field: t.exposeString('field', { description: 'The input field that names the change.' }),
    changeIds: t.idList({
      description: 'The changes that would have to be undone, too, the latest first.',
      resolve: ({ changeIds }) => [...changeIds],
    }),
  }),
});

builder.objectType(ScheduleBusy, {
  name: 'ScheduleBusyError',
  description: 'One of the tasks of the schedule is unfinished (code SCHEDULE_BUSY).',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    field: t.exposeString('field', { description: 'The input field that names the schedule.' }),
    taskId: t.exposeID('taskId', { description: 'The task that is unfinished.' }),
  }),
});

builder.objectType(QuotaExceeded, {
  name: 'QuotaExceededError',
  description: 'What somebody may have is used up (code QUOTA_EXCEEDED).',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    field: t.exposeString('field', { description: 'The input field that would need more.' }),
    resetsAt: t.expose('resetsAt', {
      type: 'DateTime',
      nullable: true,
      description: 'From when on there is some again; null: not by waiting.',
    }),
  }),
});

builder.objectType(AmountExceeded, {
  name: 'AmountExceededError',
  description:
    'More money than may move at once (code AMOUNT_EXCEEDED); none did. In the smallest unit of the currency.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    field: t.exposeString('field', { description: 'The input field that asks for it.' }),
    currency: t.exposeString('currency', { description: 'Of both amounts: ISO 4217.' }),
    amount: t.exposeInt('amount', {
      description: 'What was asked for, in the smallest unit of the currency.',
    }),
    limit: t.exposeInt('limit', {
      description: 'What would be taken at the most, in the smallest unit of the currency.',
    }),
  }),
});

builder.objectType(TooLittleHistory, {
  name: 'TooLittleHistoryError',
  description: 'Too few days are known to say what comes (code TOO_LITTLE_HISTORY).',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    field: t.exposeString('field', { description: 'The argument that asks for it.' }),
    neededDays: t.exposeInt('neededDays', {
      description: 'Whole days that have to be known until yesterday.',
    }),
    knownDays: t.exposeInt('knownDays', { description: 'Days that are.' }),
    missingDays: t.int({
      description: 'Days that are missing.',
      resolve: ({ neededDays, knownDays }) => neededDays - knownDays,
    }),
  }),
});

builder.objectType(NotConfigured, {
  name: 'NotConfiguredError',
  description: 'The server was not set up for this (code NOT_CONFIGURED).',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    setting: t.exposeString('setting', {
      description: 'What is missing: a setting, or what the operator has to make.',
    }),
  }),
});

builder.objectType(UrlForbidden, {
  name: 'UrlForbiddenError',
  description: 'Nothing is sent to this address: it is not public, or not allowed (code URL_FORBIDDEN).',
  interfaces: [ErrorInterface],
});

builder.objectType(CursorExpired, {
  name: 'CursorExpiredError',
  description: 'Events right after the cursor are no longer kept (code CURSOR_EXPIRED).',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    cursor: t.exposeID('cursor', { description: 'The oldest one that works.' }),
  }),
});
