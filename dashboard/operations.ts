// Made by `npm run operations` of the files in operations/ and schema.graphql.
import type { Operation } from './server/operation.ts';

export type ActivityLevel = 'ERROR' | 'INFO' | 'WARNING';
export type AlertChannelKind = 'EMAIL' | 'LOG' | 'TELEGRAM' | 'WEBHOOK';
export type AlertSeverity = 'CRITICAL' | 'WARNING';
export type AlertState = 'CLEARED' | 'RAISED';
export type AlertStatus = 'ACKNOWLEDGED' | 'OPEN' | 'RESOLVED' | 'SNOOZED';
export type AnalysisTier = 'FEATURES' | 'FILE' | 'MODEL';
export type BackupEncryption = 'KEY' | 'NONE' | 'PASSPHRASE';
export type BackupState = 'DAMAGED' | 'UNVERIFIED' | 'VERIFIED';
export type BriefReviewReason = 'COST_LIMIT' | 'EDITED' | 'NOT_GOOD_ENOUGH' | 'NOT_JUDGED';
export type BriefStatus =
  | 'APPROVED'
  | 'CANCELLED'
  | 'FAILED'
  | 'NEEDS_REVIEW'
  | 'PASSED'
  | 'QUEUED'
  | 'REJECTED'
  | 'RUNNING';
export type BriefWriter = 'MODEL' | 'PERSON';
export type ChainProblemKind = 'ALTERED' | 'INSERTED' | 'MISSING';
export type CharacterFilter = {
  activeOnly?: boolean | null;
  characterType?: string | null;
  creator?: string | null;
  search?: string | null;
  shared?: boolean | null;
  sourceFranchise?: string | null;
};
export type CreateApiKeyInput = {
  expiresAt?: string | null;
  name: string;
  permissions?: readonly Permission[] | null;
  roles?: readonly Role[] | null;
  userId?: string | null;
};
export type DeliveryStatus = 'DEAD' | 'DELIVERED' | 'DISCARDED' | 'PENDING';
export type EditBriefInput = { briefId: string; output: string };
export type FactCategory =
  | 'EVENT'
  | 'HEALTH'
  | 'IDENTITY'
  | 'OTHER'
  | 'PLACE'
  | 'PLAN'
  | 'POSSESSION'
  | 'PREFERENCE'
  | 'RELATION'
  | 'SKILL'
  | 'WORK';
export type FactChangeKind =
  | 'ADDED'
  | 'CORRECTED'
  | 'MERGED'
  | 'REINSTATED'
  | 'RETRACTED'
  | 'SUPERSEDED'
  | 'UNDONE';
export type FactFilter = {
  asOf?: string | null;
  category?: FactCategory | null;
  conversationId?: string | null;
  origin?: FactOrigin | null;
  recordedAsOf?: string | null;
  status?: FactStatus | null;
  subject?: string | null;
  text?: string | null;
  userId?: string | null;
};
export type FactInput = {
  category?: FactCategory | null;
  negated?: boolean | null;
  object: string;
  predicate: string;
  statement?: string | null;
  subject?: string | null;
  validFrom?: string | null;
  validUntil?: string | null;
};
export type FactOrigin = 'MODEL' | 'PERSON' | 'RULES';
export type FactSourceField = 'QUERY' | 'RESPONSE';
export type FactStatus = 'ACTIVE' | 'RETRACTED' | 'SUPERSEDED';
export type FeatureFlagUserInput = { tenantId: string; userId: string };
export type GenerationFilter = {
  character?: string | null;
  taskId?: string | null;
  workflow?: string | null;
};
export type HealthStatus = 'DEGRADED' | 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN';
export type InteractionStatus = 'ANSWERED' | 'FAILED' | 'INTERRUPTED' | 'PROCESSING' | 'RECORDED';
export type MediaBox = { east: number; north: number; south: number; west: number };
export type MediaFilter = {
  box?: MediaBox | null;
  camera?: string | null;
  category?: string | null;
  character?: string | null;
  kind?: MediaKind | null;
  learned?: boolean | null;
  mediaType?: string | null;
  minQuality?: number | null;
  near?: MediaNear | null;
  state?: MediaState | null;
  tag?: string | null;
  takenAfter?: string | null;
  takenBefore?: string | null;
  text?: string | null;
  userId?: string | null;
};
export type MediaKind = 'IMAGE' | 'VIDEO';
export type MediaNear = { latitude: number; longitude: number; radiusKm: number };
export type MediaState = 'BROKEN' | 'PRESENT' | 'VANISHED';
export type MediaTagOrigin = 'MODEL' | 'PERSON' | 'RULE';
export type MemoryFilter = {
  character?: string | null;
  conversationId?: string | null;
  includeArchived?: boolean | null;
  minScore?: number | null;
  since?: string | null;
  tiers?: readonly MemoryTier[] | null;
  until?: string | null;
  userId?: string | null;
};
export type MemoryTier = 'CHARACTER' | 'KEYWORDS' | 'MEANING' | 'PHRASE' | 'RECENT';
export type MissedPolicy = 'RUN_ALL' | 'RUN_ONCE' | 'SKIP';
export type PaymentCollection = 'CHARGE' | 'SEND';
export type PaymentDifferenceKind =
  | 'AMOUNT'
  | 'CURRENCY'
  | 'DOUBLED'
  | 'MISSING_HERE'
  | 'MISSING_THERE'
  | 'STATUS';
export type PaymentDisputeState =
  | 'APPEAL_NEEDS_RESPONSE'
  | 'APPEAL_UNDER_REVIEW'
  | 'INQUIRY_CLOSED'
  | 'INQUIRY_NEEDS_RESPONSE'
  | 'INQUIRY_UNDER_REVIEW'
  | 'LOST'
  | 'NEEDS_RESPONSE'
  | 'OTHER'
  | 'PREVENTED'
  | 'UNDER_REVIEW'
  | 'WON';
export type PaymentInvoiceState =
  | 'FAILED'
  | 'OPEN'
  | 'PAID'
  | 'REJECTED'
  | 'REQUESTED'
  | 'UNCOLLECTIBLE'
  | 'VOID'
  | 'WAITING';
export type PaymentRefundReason = 'DUPLICATE' | 'FRAUDULENT' | 'REQUESTED_BY_CUSTOMER';
export type PaymentRefundState =
  | 'CANCELLED'
  | 'FAILED'
  | 'REJECTED'
  | 'REQUESTED'
  | 'SENT'
  | 'SUCCEEDED'
  | 'WAITING';
export type PayoutState = 'APPROVED' | 'DRAFT' | 'REJECTED' | 'WAITING';
export type Permission = 'ADMIN' | 'INTROSPECT' | 'METRICS' | 'READ' | 'WRITE';
export type PressureLevel = 'ELEVATED' | 'HIGH' | 'LOW';
export type RepairOutcome = 'FAILED' | 'REFUSED' | 'STARTED' | 'SUCCEEDED' | 'UNKNOWN';
export type RepairType = 'DISK_CLEANUP' | 'LOG_ROTATION' | 'PROCESS_KILL' | 'SERVICE_RESTART';
export type Role = 'ADMIN' | 'ANALYST' | 'SERVICE' | 'USER';
export type SegmentStatus = 'CANCELLED' | 'DRAWING' | 'DRAWN' | 'FAILED' | 'PLANNED' | 'QUEUED';
export type SetFeatureFlagInput = {
  description?: string | null;
  enabled?: boolean | null;
  expiresAt?: string | null;
  key: string;
  percentage?: number | null;
  roles?: readonly Role[] | null;
  tenants?: readonly string[] | null;
  users?: readonly FeatureFlagUserInput[] | null;
};
export type SloState = 'BURNING' | 'BURNING_FAST' | 'EXHAUSTED' | 'NO_DATA' | 'OK';
export type SlotState = 'MISSED' | 'PLANNED' | 'RUN' | 'SKIPPED';
export type SuspendTenantInput = { reason: string; tenantId: string };
export type TagMediaInput = {
  add?: readonly string[] | null;
  fileHash: string;
  remove?: readonly string[] | null;
  userId?: string | null;
};
export type TaskFilter = {
  goalId?: string | null;
  priority?: TaskPriority | null;
  since?: string | null;
  status?: TaskStatus | null;
  system?: boolean | null;
  type?: string | null;
  until?: string | null;
};
export type TaskPriority = 'CRITICAL' | 'HIGH' | 'LOW' | 'NORMAL';
export type TaskStatus = 'CANCELLED' | 'COMPLETED' | 'FAILED' | 'PENDING' | 'RUNNING';
export type TenantLevel = 'EXPERT' | 'QUICK' | 'STANDARD';
export type VectorState = 'EMBEDDED' | 'FAILED' | 'LEASED' | 'PENDING';
export type KeysData = {
  readonly apiKeys: readonly {
    readonly keyId: string;
    readonly name: string;
    readonly userId: string;
    readonly roles: readonly Role[];
    readonly permissions: readonly Permission[];
    readonly lastFour: string;
    readonly createdAt: string;
    readonly createdBy: string;
    readonly expiresAt: string | null;
    readonly lastUsedAt: string | null;
    readonly revokedAt: string | null;
  }[];
};
export type KeysVariables = Record<string, never>;
export const Keys =
  'query Keys { apiKeys { ...KeyLine } } fragment KeyLine on ApiKey { keyId name userId roles permissions lastFour createdAt createdBy expiresAt lastUsedAt revokedAt }' as Operation<
    KeysData,
    KeysVariables
  >;

export type CreateKeyData = {
  readonly createApiKey:
    | {
        readonly __typename: 'CreateApiKeySuccess';
        readonly key: string;
        readonly apiKey: {
          readonly keyId: string;
          readonly name: string;
          readonly userId: string;
          readonly roles: readonly Role[];
          readonly permissions: readonly Permission[];
          readonly lastFour: string;
          readonly createdAt: string;
          readonly createdBy: string;
          readonly expiresAt: string | null;
          readonly lastUsedAt: string | null;
          readonly revokedAt: string | null;
        };
      }
    | { readonly __typename: 'InvalidInputError'; readonly code: string; readonly message: string };
};
export type CreateKeyVariables = { input: CreateApiKeyInput };
export const CreateKey =
  'mutation CreateKey($input: CreateApiKeyInput!) { createApiKey(input: $input) { __typename ... on CreateApiKeySuccess { key apiKey { ...KeyLine } } ... on Error { code message } } } fragment KeyLine on ApiKey { keyId name userId roles permissions lastFour createdAt createdBy expiresAt lastUsedAt revokedAt }' as Operation<
    CreateKeyData,
    CreateKeyVariables
  >;

export type RevokeKeyData = {
  readonly revokeApiKey:
    | { readonly __typename: 'NotFoundError'; readonly code: string; readonly message: string }
    | {
        readonly __typename: 'RevokeApiKeySuccess';
        readonly apiKey: {
          readonly keyId: string;
          readonly name: string;
          readonly userId: string;
          readonly roles: readonly Role[];
          readonly permissions: readonly Permission[];
          readonly lastFour: string;
          readonly createdAt: string;
          readonly createdBy: string;
          readonly expiresAt: string | null;
          readonly lastUsedAt: string | null;
          readonly revokedAt: string | null;
        };
      };
};
export type RevokeKeyVariables = { keyId: string };
export const RevokeKey =
  'mutation RevokeKey($keyId: String!) { revokeApiKey(keyId: $keyId) { __typename ... on RevokeApiKeySuccess { apiKey { ...KeyLine } } ... on Error { code message } } } fragment KeyLine on ApiKey { keyId name userId roles permissions lastFour createdAt createdBy expiresAt lastUsedAt revokedAt }' as Operation<
    RevokeKeyData,
    RevokeKeyVariables
  >;

export type AlertsInProgressData = {
  readonly activeAlerts: readonly {
    readonly alertId: string | null;
    readonly status: AlertStatus | null;
    readonly snoozedUntil: string | null;
    readonly told: readonly string[];
  }[];
};
export type AlertsInProgressVariables = Record<string, never>;
export const AlertsInProgress =
  'query AlertsInProgress { activeAlerts { ...AlertProgress } } fragment AlertProgress on Alert { alertId status snoozedUntil told }' as Operation<
    AlertsInProgressData,
    AlertsInProgressVariables
  >;

export type AlertHistoryData = {
  readonly alerts: {
    readonly nodes: readonly {
      readonly alertId: string | null;
      readonly name: string;
      readonly severity: AlertSeverity;
      readonly state: AlertState;
      readonly message: string;
      readonly at: string;
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};
export type AlertHistoryVariables = { first: number; after?: string | null };
export const AlertHistory =
  'query AlertHistory($first: Int!, $after: String) { alerts(first: $first, after: $after) { nodes { ...AlertLine } pageInfo { hasNextPage endCursor } } } fragment AlertLine on Alert { alertId name severity state message at }' as Operation<
    AlertHistoryData,
    AlertHistoryVariables
  >;

export type AlertChannelsData = {
  readonly alertChannels: readonly {
    readonly name: string;
    readonly kind: AlertChannelKind;
    readonly position: number | null;
    readonly waiting: number;
    readonly lastDeliveredAt: string | null;
    readonly lastFailedAt: string | null;
    readonly lastError: string | null;
    readonly pausedUntil: string | null;
  }[];
};
export type AlertChannelsVariables = Record<string, never>;
export const AlertChannels =
  'query AlertChannels { alertChannels { name kind position waiting lastDeliveredAt lastFailedAt lastError pausedUntil } }' as Operation<
    AlertChannelsData,
    AlertChannelsVariables
  >;

export type AcknowledgeAlertData = {
  readonly acknowledgeAlert:
    | {
        readonly __typename: 'AlertSuccess';
        readonly alert: {
          readonly alertId: string | null;
          readonly status: AlertStatus | null;
          readonly snoozedUntil: string | null;
          readonly told: readonly string[];
        };
      }
    | {
        readonly __typename: 'InvalidInputError' | 'NotFoundError';
        readonly code: string;
        readonly message: string;
      };
};
export type AcknowledgeAlertVariables = { alertId: string };
export const AcknowledgeAlert =
  'mutation AcknowledgeAlert($alertId: ID!) { acknowledgeAlert(alertId: $alertId) { ...AlertChange } } fragment AlertChange on AlertResult { __typename ... on Error { code message } ... on AlertSuccess { alert { ...AlertProgress } } } fragment AlertProgress on Alert { alertId status snoozedUntil told }' as Operation<
    AcknowledgeAlertData,
    AcknowledgeAlertVariables
  >;

export type SnoozeAlertData = {
  readonly snoozeAlert:
    | {
        readonly __typename: 'AlertSuccess';
        readonly alert: {
          readonly alertId: string | null;
          readonly status: AlertStatus | null;
          readonly snoozedUntil: string | null;
          readonly told: readonly string[];
        };
      }
    | {
        readonly __typename: 'InvalidInputError' | 'NotFoundError';
        readonly code: string;
        readonly message: string;
      };
};
export type SnoozeAlertVariables = { alertId: string; minutes: number };
export const SnoozeAlert =
  'mutation SnoozeAlert($alertId: ID!, $minutes: Int!) { snoozeAlert(alertId: $alertId, minutes: $minutes) { ...AlertChange } } fragment AlertChange on AlertResult { __typename ... on Error { code message } ... on AlertSuccess { alert { ...AlertProgress } } } fragment AlertProgress on Alert { alertId status snoozedUntil told }' as Operation<
    SnoozeAlertData,
    SnoozeAlertVariables
  >;

export type ResolveAlertData = {
  readonly resolveAlert:
    | {
        readonly __typename: 'AlertSuccess';
        readonly alert: {
          readonly alertId: string | null;
          readonly status: AlertStatus | null;
          readonly snoozedUntil: string | null;
          readonly told: readonly string[];
        };
      }
    | {
        readonly __typename: 'InvalidInputError' | 'NotFoundError';
        readonly code: string;
        readonly message: string;
      };
};
export type ResolveAlertVariables = { alertId: string };
export const ResolveAlert =
  'mutation ResolveAlert($alertId: ID!) { resolveAlert(alertId: $alertId) { ...AlertChange } } fragment AlertChange on AlertResult { __typename ... on Error { code message } ... on AlertSuccess { alert { ...AlertProgress } } } fragment AlertProgress on Alert { alertId status snoozedUntil told }' as Operation<
    ResolveAlertData,
    ResolveAlertVariables
  >;

export type TestAlertChannelData = {
  readonly testAlertChannel:
    | {
        readonly __typename: 'InvalidInputError' | 'NotFoundError';
        readonly code: string;
        readonly message: string;
      }
    | {
        readonly __typename: 'TestChannelSuccess';
        readonly delivery: { readonly status: DeliveryStatus; readonly lastError: string | null };
      };
};
export type TestAlertChannelVariables = { name: string };
export const TestAlertChannel =
  'mutation TestAlertChannel($name: String!) { testAlertChannel(name: $name) { __typename ... on Error { code message } ... on TestChannelSuccess { delivery { status lastError } } } }' as Operation<
    TestAlertChannelData,
    TestAlertChannelVariables
  >;

export type BriefsData = {
  readonly briefs: {
    readonly nodes: readonly {
      readonly briefId: string;
      readonly title: string | null;
      readonly text: string;
      readonly output: string | null;
      readonly status: BriefStatus;
      readonly reviewReason: BriefReviewReason | null;
      readonly note: string | null;
      readonly error: string | null;
      readonly createdAt: string;
      readonly decidedAt: string | null;
      readonly chosenAttempt: number | null;
      readonly attempts: readonly {
        readonly number: number;
        readonly writer: BriefWriter;
        readonly passed: boolean;
        readonly judging: {
          readonly clarity: number | null;
          readonly accuracy: number | null;
          readonly completeness: number | null;
          readonly tone: number | null;
          readonly average: number | null;
          readonly critique: string | null;
        } | null;
      }[];
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};
export type BriefsVariables = { first: number; after?: string | null; status?: BriefStatus | null };
export const Briefs =
  'query Briefs($first: Int!, $after: String, $status: BriefStatus) { briefs(first: $first, after: $after, status: $status) { nodes { ...BriefLine } pageInfo { hasNextPage endCursor } } } fragment BriefLine on Brief { briefId title text output status reviewReason note error createdAt decidedAt chosenAttempt attempts { number writer passed judging { clarity accuracy completeness tone average critique } } }' as Operation<
    BriefsData,
    BriefsVariables
  >;

export type ApproveBriefData = {
  readonly approveBrief:
    | {
        readonly __typename: 'BriefSuccess';
        readonly brief: {
          readonly briefId: string;
          readonly title: string | null;
          readonly text: string;
          readonly output: string | null;
          readonly status: BriefStatus;
          readonly reviewReason: BriefReviewReason | null;
          readonly note: string | null;
          readonly error: string | null;
          readonly createdAt: string;
          readonly decidedAt: string | null;
          readonly chosenAttempt: number | null;
          readonly attempts: readonly {
            readonly number: number;
            readonly writer: BriefWriter;
            readonly passed: boolean;
            readonly judging: {
              readonly clarity: number | null;
              readonly accuracy: number | null;
              readonly completeness: number | null;
              readonly tone: number | null;
              readonly average: number | null;
              readonly critique: string | null;
            } | null;
          }[];
        };
      }
    | {
        readonly __typename:
          | 'IdempotencyKeyReusedError'
          | 'InvalidInputError'
          | 'NotConfiguredError'
          | 'NotFoundError'
          | 'QuotaExceededError'
          | 'StatusMoveRefusedError';
        readonly code: string;
        readonly message: string;
      };
};
export type ApproveBriefVariables = { briefId: string; note?: string | null };
export const ApproveBrief =
  'mutation ApproveBrief($briefId: ID!, $note: String) { approveBrief(briefId: $briefId, note: $note) { __typename ... on BriefSuccess { brief { ...BriefLine } } ... on Error { code message } } } fragment BriefLine on Brief { briefId title text output status reviewReason note error createdAt decidedAt chosenAttempt attempts { number writer passed judging { clarity accuracy completeness tone average critique } } }' as Operation<
    ApproveBriefData,
    ApproveBriefVariables
  >;

export type RejectBriefData = {
  readonly rejectBrief:
    | {
        readonly __typename: 'BriefSuccess';
        readonly brief: {
          readonly briefId: string;
          readonly title: string | null;
          readonly text: string;
          readonly output: string | null;
          readonly status: BriefStatus;
          readonly reviewReason: BriefReviewReason | null;
          readonly note: string | null;
          readonly error: string | null;
          readonly createdAt: string;
          readonly decidedAt: string | null;
          readonly chosenAttempt: number | null;
          readonly attempts: readonly {
            readonly number: number;
            readonly writer: BriefWriter;
            readonly passed: boolean;
            readonly judging: {
              readonly clarity: number | null;
              readonly accuracy: number | null;
              readonly completeness: number | null;
              readonly tone: number | null;
              readonly average: number | null;
              readonly critique: string | null;
            } | null;
          }[];
        };
      }
    | {
        readonly __typename:
          | 'IdempotencyKeyReusedError'
          | 'InvalidInputError'
          | 'NotConfiguredError'
          | 'NotFoundError'
          | 'QuotaExceededError'
          | 'StatusMoveRefusedError';
        readonly code: string;
        readonly message: string;
      };
};
export type RejectBriefVariables = { briefId: string; note?: string | null };
export const RejectBrief =
  'mutation RejectBrief($briefId: ID!, $note: String) { rejectBrief(briefId: $briefId, note: $note) { __typename ... on BriefSuccess { brief { ...BriefLine } } ... on Error { code message } } } fragment BriefLine on Brief { briefId title text output status reviewReason note error createdAt decidedAt chosenAttempt attempts { number writer passed judging { clarity accuracy completeness tone average critique } } }' as Operation<
    RejectBriefData,
    RejectBriefVariables
  >;

export type EditBriefData = {
  readonly editBrief:
    | {
        readonly __typename: 'BriefSuccess';
        readonly brief: {
          readonly briefId: string;
          readonly title: string | null;
          readonly text: string;
          readonly output: string | null;
          readonly status: BriefStatus;
          readonly reviewReason: BriefReviewReason | null;
          readonly note: string | null;
          readonly error: string | null;
          readonly createdAt: string;
          readonly decidedAt: string | null;
          readonly chosenAttempt: number | null;
          readonly attempts: readonly {
            readonly number: number;
            readonly writer: BriefWriter;
            readonly passed: boolean;
            readonly judging: {
              readonly clarity: number | null;
              readonly accuracy: number | null;
              readonly completeness: number | null;
              readonly tone: number | null;
              readonly average: number | null;
              readonly critique: string | null;
            } | null;
          }[];
        };
      }
    | {
        readonly __typename:
          | 'IdempotencyKeyReusedError'
          | 'InvalidInputError'
          | 'NotConfiguredError'
          | 'NotFoundError'
          | 'QuotaExceededError'
          | 'StatusMoveRefusedError';
        readonly code: string;
        readonly message: string;
      };
};
export type EditBriefVariables = { input: EditBriefInput };
export const EditBrief =
  'mutation EditBrief($input: EditBriefInput!) { editBrief(input: $input) { __typename ... on BriefSuccess { brief { ...BriefLine } } ... on Error { code message } } } fragment BriefLine on Brief { briefId title text output status reviewReason note error createdAt decidedAt chosenAttempt attempts { number writer passed judging { clarity accuracy completeness tone average critique } } }' as Operation<
    EditBriefData,
    EditBriefVariables
  >;

export type InvoicesData = {
  readonly paymentInvoices: {
    readonly nodes: readonly {
      readonly invoiceId: string;
      readonly number: string | null;
      readonly state: PaymentInvoiceState;
      readonly amount: number;
      readonly currency: string;
      readonly collection: PaymentCollection;
      readonly description: string | null;
      readonly requestedBy: string;
      readonly decidedBy: string | null;
      readonly note: string | null;
      readonly failure: string | null;
      readonly createdAt: string;
      readonly paidAt: string | null;
      readonly items: readonly { readonly description: string; readonly amount: number }[];
      readonly customer: {
        readonly customerId: string;
        readonly name: string | null;
        readonly clientId: string | null;
      } | null;
      readonly refunds: readonly {
        readonly refundId: string;
        readonly state: PaymentRefundState;
        readonly amount: number;
        readonly currency: string;
        readonly reason: PaymentRefundReason | null;
        readonly requestedBy: string;
        readonly decidedBy: string | null;
        readonly note: string | null;
        readonly failure: string | null;
        readonly createdAt: string;
      }[];
      readonly disputes: readonly {
        readonly stripeId: string;
        readonly currency: string;
        readonly amount: number;
        readonly taken: number;
        readonly state: PaymentDisputeState;
        readonly reason: string;
        readonly dueAt: string | null;
        readonly openedAt: string;
      }[];
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};
export type InvoicesVariables = { first: number; after?: string | null; state?: PaymentInvoiceState | null };
export const Invoices =
  'query Invoices($first: Int!, $after: String, $state: PaymentInvoiceState) { paymentInvoices(first: $first, after: $after, state: $state) { nodes { ...InvoiceLine } pageInfo { hasNextPage endCursor } } } fragment InvoiceLine on PaymentInvoice { invoiceId number state amount currency collection description requestedBy decidedBy note failure createdAt paidAt items { description amount } customer { customerId name clientId } refunds { ...RefundLine } disputes { stripeId currency amount taken state reason dueAt openedAt } } fragment RefundLine on PaymentRefund { refundId state amount currency reason requestedBy decidedBy note failure createdAt }' as Operation<
    InvoicesData,
    InvoicesVariables
  >;

export type ApproveInvoiceData = {
  readonly approvePaymentInvoice:
    | {
        readonly __typename:
          | 'AmountExceededError'
          | 'IdempotencyKeyReusedError'
          | 'InvalidInputError'
          | 'NotConfiguredError'
          | 'NotFoundError'
          | 'QuotaExceededError'
          | 'StatusMoveRefusedError';
        readonly code: string;
        readonly message: string;
      }
    | {
        readonly __typename: 'PaymentInvoiceSuccess';
        readonly invoice: { readonly state: PaymentInvoiceState };
      };
};
export type ApproveInvoiceVariables = { invoiceId: string };
export const ApproveInvoice =
  'mutation ApproveInvoice($invoiceId: ID!) { approvePaymentInvoice(invoiceId: $invoiceId) { __typename ... on PaymentInvoiceSuccess { invoice { state } } ... on Error { code message } } }' as Operation<
    ApproveInvoiceData,
    ApproveInvoiceVariables
  >;

export type RejectInvoiceData = {
  readonly rejectPaymentInvoice:
    | {
        readonly __typename:
          | 'AmountExceededError'
          | 'IdempotencyKeyReusedError'
          | 'InvalidInputError'
          | 'NotConfiguredError'
          | 'NotFoundError'
          | 'QuotaExceededError'
          | 'StatusMoveRefusedError';
        readonly code: string;
        readonly message: string;
      }
    | {
        readonly __typename: 'PaymentInvoiceSuccess';
        readonly invoice: { readonly state: PaymentInvoiceState };
      };
};
export type RejectInvoiceVariables = { invoiceId: string };
export const RejectInvoice =
  'mutation RejectInvoice($invoiceId: ID!) { rejectPaymentInvoice(invoiceId: $invoiceId) { __typename ... on PaymentInvoiceSuccess { invoice { state } } ... on Error { code message } } }' as Operation<
    RejectInvoiceData,
    RejectInvoiceVariables
  >;

export type ChargeInvoiceData = {
  readonly chargePaymentInvoice:
    | {
        readonly __typename:
          | 'AmountExceededError'
          | 'IdempotencyKeyReusedError'
          | 'InvalidInputError'
          | 'NotConfiguredError'
          | 'NotFoundError'
          | 'QuotaExceededError'
          | 'StatusMoveRefusedError';
        readonly code: string;
        readonly message: string;
      }
    | {
        readonly __typename: 'PaymentInvoiceSuccess';
        readonly invoice: { readonly state: PaymentInvoiceState };
      };
};
export type ChargeInvoiceVariables = { invoiceId: string };
export const ChargeInvoice =
  'mutation ChargeInvoice($invoiceId: ID!) { chargePaymentInvoice(invoiceId: $invoiceId) { __typename ... on PaymentInvoiceSuccess { invoice { state } } ... on Error { code message } } }' as Operation<
    ChargeInvoiceData,
    ChargeInvoiceVariables
  >;

export type VoidInvoiceData = {
  readonly voidPaymentInvoice:
    | {
        readonly __typename:
          | 'AmountExceededError'
          | 'IdempotencyKeyReusedError'
          | 'InvalidInputError'
          | 'NotConfiguredError'
          | 'NotFoundError'
          | 'QuotaExceededError'
          | 'StatusMoveRefusedError';
        readonly code: string;
        readonly message: string;
      }
    | {
        readonly __typename: 'PaymentInvoiceSuccess';
        readonly invoice: { readonly state: PaymentInvoiceState };
      };
};
export type VoidInvoiceVariables = { invoiceId: string };
export const VoidInvoice =
  'mutation VoidInvoice($invoiceId: ID!) { voidPaymentInvoice(invoiceId: $invoiceId) { __typename ... on PaymentInvoiceSuccess { invoice { state } } ... on Error { code message } } }' as Operation<
    VoidInvoiceData,
    VoidInvoiceVariables
  >;

export type ApproveRefundData = {
  readonly approvePaymentRefund:
    | {
        readonly __typename:
          | 'AmountExceededError'
          | 'IdempotencyKeyReusedError'
          | 'InvalidInputError'
          | 'NotConfiguredError'
          | 'NotFoundError'
          | 'QuotaExceededError'
          | 'StatusMoveRefusedError';
        readonly code: string;
        readonly message: string;
      }
    | {
        readonly __typename: 'PaymentRefundSuccess';
        readonly refund: { readonly state: PaymentRefundState };
      };
};
export type ApproveRefundVariables = { refundId: string };
export const ApproveRefund =
  'mutation ApproveRefund($refundId: ID!) { approvePaymentRefund(refundId: $refundId) { __typename ... on PaymentRefundSuccess { refund { state } } ... on Error { code message } } }' as Operation<
    ApproveRefundData,
    ApproveRefundVariables
  >;

export type RejectRefundData = {
  readonly rejectPaymentRefund:
    | {
        readonly __typename:
          | 'AmountExceededError'
          | 'IdempotencyKeyReusedError'
          | 'InvalidInputError'
          | 'NotConfiguredError'
          | 'NotFoundError'
          | 'QuotaExceededError'
          | 'StatusMoveRefusedError';
        readonly code: string;
        readonly message: string;
      }
    | {
        readonly __typename: 'PaymentRefundSuccess';
        readonly refund: { readonly state: PaymentRefundState };
      };
};
export type RejectRefundVariables = { refundId: string };
export const RejectRefund =
  'mutation RejectRefund($refundId: ID!) { rejectPaymentRefund(refundId: $refundId) { __typename ... on PaymentRefundSuccess { refund { state } } ... on Error { code message } } }' as Operation<
    RejectRefundData,
    RejectRefundVariables
  >;

export type DifferencesData = {
  readonly paymentDifferences: {
    readonly nodes: readonly {
      readonly differenceId: string;
      readonly kind: PaymentDifferenceKind;
      readonly stripeId: string;
      readonly ourId: string | null;
      readonly ours: string | null;
      readonly theirs: string | null;
      readonly currency: string | null;
      readonly foundAt: string;
      readonly seenAt: string;
      readonly note: string | null;
      readonly resolvedAt: string | null;
      readonly resolvedBy: string | null;
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};
export type DifferencesVariables = { first: number; after?: string | null; open?: boolean | null };
export const Differences =
  'query Differences($first: Int!, $after: String, $open: Boolean) { paymentDifferences(first: $first, after: $after, open: $open) { nodes { differenceId kind stripeId ourId ours theirs currency foundAt seenAt note resolvedAt resolvedBy } pageInfo { hasNextPage endCursor } } }' as Operation<
    DifferencesData,
    DifferencesVariables
  >;

export type ResolveDifferenceData = {
  readonly resolvePaymentDifference:
    | {
        readonly __typename: 'InvalidInputError' | 'NotConfiguredError' | 'NotFoundError';
        readonly code: string;
        readonly message: string;
      }
    | {
        readonly __typename: 'PaymentDifferenceSuccess';
        readonly difference: { readonly resolvedAt: string | null };
      };
};
export type ResolveDifferenceVariables = { differenceId: string; note: string };
export const ResolveDifference =
  'mutation ResolveDifference($differenceId: ID!, $note: String!) { resolvePaymentDifference(differenceId: $differenceId, note: $note) { __typename ... on PaymentDifferenceSuccess { difference { resolvedAt } } ... on Error { code message } } }' as Operation<
    ResolveDifferenceData,
    ResolveDifferenceVariables
  >;

export type FinanceData = {
  readonly financeDays: readonly {
    readonly day: string;
    readonly modelCost: number | null;
    readonly unknownCosts: number;
    readonly revenue: readonly {
      readonly currency: string;
      readonly gross: number;
      readonly refunded: number;
      readonly disputed: number;
      readonly fees: number;
      readonly net: number;
    }[];
  }[];
};
export type FinanceVariables = { days: number };
export const Finance =
  'query Finance($days: Int!) { financeDays(days: $days) { day modelCost unknownCosts revenue { currency gross refunded disputed fees net } } }' as Operation<
    FinanceData,
    FinanceVariables
  >;

export type ForecastData = {
  readonly financeForecast:
    | {
        readonly __typename: 'FinanceForecast';
        readonly days: readonly {
          readonly day: string;
          readonly mean: number;
          readonly lower: number;
          readonly upper: number;
        }[];
        readonly backtest: {
          readonly scaledError: number | null;
          readonly coverage: number;
          readonly origins: number;
        };
        readonly unknownCosts: number;
      }
    | {
        readonly __typename: 'InvalidInputError' | 'TooLittleHistoryError';
        readonly code: string;
        readonly message: string;
      };
};
export type ForecastVariables = { days: number; level: number };
export const Forecast =
  'query Forecast($days: Int!, $level: Float!) { financeForecast(days: $days, level: $level) { __typename ... on FinanceForecast { days { day mean lower upper } backtest { scaledError coverage origins } unknownCosts } ... on Error { code message } } }' as Operation<
    ForecastData,
    ForecastVariables
  >;

export type PartnersData = {
  readonly partners: {
    readonly nodes: readonly {
      readonly partnerId: string;
      readonly name: string | null;
      readonly rate: number;
      readonly createdAt: string;
      readonly suspendedAt: string | null;
      readonly codes: readonly {
        readonly code: string;
        readonly expiresAt: string | null;
        readonly revokedAt: string | null;
      }[];
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};
export type PartnersVariables = { first: number; after?: string | null };
export const Partners =
  'query Partners($first: Int!, $after: String) { partners(first: $first, after: $after) { nodes { partnerId name rate createdAt suspendedAt codes { code expiresAt revokedAt } } pageInfo { hasNextPage endCursor } } }' as Operation<
    PartnersData,
    PartnersVariables
  >;

export type ClientsData = {
  readonly clientAccounts: {
    readonly nodes: readonly {
      readonly clientId: string;
      readonly name: string | null;
      readonly createdAt: string;
      readonly suspendedAt: string | null;
      readonly referredAt: string | null;
      readonly partner: { readonly partnerId: string } | null;
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};
export type ClientsVariables = { first: number; after?: string | null };
export const Clients =
  'query Clients($first: Int!, $after: String) { clientAccounts(first: $first, after: $after) { nodes { clientId name createdAt suspendedAt referredAt partner { partnerId } } pageInfo { hasNextPage endCursor } } }' as Operation<
    ClientsData,
    ClientsVariables
  >;

export type PayoutsData = {
  readonly payoutReports: {
    readonly nodes: readonly {
      readonly payoutId: string;
      readonly partnerId: string;
      readonly month: string;
      readonly currency: string;
      readonly state: PayoutState;
      readonly rate: number;
      readonly base: number;
      readonly amount: number;
      readonly held: number;
      readonly madeAt: string;
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};
export type PayoutsVariables = { first: number; after?: string | null };
export const Payouts =
  'query Payouts($first: Int!, $after: String) { payoutReports(first: $first, after: $after) { nodes { payoutId partnerId month currency state rate base amount held madeAt } pageInfo { hasNextPage endCursor } } }' as Operation<
    PayoutsData,
    PayoutsVariables
  >;

export type ApprovePayoutData = {
  readonly approvePayoutReport:
    | {
        readonly __typename: 'InvalidInputError' | 'NotFoundError' | 'StatusMoveRefusedError';
        readonly code: string;
        readonly message: string;
      }
    | { readonly __typename: 'PayoutReportSuccess'; readonly report: { readonly state: PayoutState } };
};
export type ApprovePayoutVariables = { payoutId: string; amount: number };
export const ApprovePayout =
  'mutation ApprovePayout($payoutId: ID!, $amount: Float!) { approvePayoutReport(payoutId: $payoutId, amount: $amount) { __typename ... on PayoutReportSuccess { report { state } } ... on Error { code message } } }' as Operation<
    ApprovePayoutData,
    ApprovePayoutVariables
  >;

export type RejectPayoutData = {
  readonly rejectPayoutReport:
    | {
        readonly __typename: 'InvalidInputError' | 'NotFoundError' | 'StatusMoveRefusedError';
        readonly code: string;
        readonly message: string;
      }
    | { readonly __typename: 'PayoutReportSuccess'; readonly report: { readonly state: PayoutState } };
};
export type RejectPayoutVariables = { payoutId: string };
export const RejectPayout =
  'mutation RejectPayout($payoutId: ID!) { rejectPayoutReport(payoutId: $payoutId) { __typename ... on PayoutReportSuccess { report { state } } ... on Error { code message } } }' as Operation<
    RejectPayoutData,
    RejectPayoutVariables
  >;

export type CharactersData = {
  readonly characters: {
    readonly nodes: readonly {
      readonly characterName: string;
      readonly aliases: readonly string[];
      readonly characterType: string;
      readonly occupation: string | null;
      readonly sourceFranchise: string;
      readonly shared: boolean;
      readonly isActive: boolean;
      readonly conversationMentions: number;
      readonly consistencyScore: number;
      readonly portraitHash: string | null;
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};
export type CharactersVariables = { first: number; after?: string | null; filter?: CharacterFilter | null };
export const Characters =
  'query Characters($first: Int!, $after: String, $filter: CharacterFilter) { characters(first: $first, after: $after, filter: $filter) { nodes { characterName aliases characterType occupation sourceFranchise shared isActive conversationMentions consistencyScore portraitHash } pageInfo { hasNextPage endCursor } } }' as Operation<
    CharactersData,
    CharactersVariables
  >;

export type CharacterShownData = {
  readonly character: {
    readonly characterName: string;
    readonly aliases: readonly string[];
    readonly characterType: string;
    readonly occupation: string | null;
    readonly sourceFranchise: string;
    readonly shared: boolean;
    readonly isActive: boolean;
    readonly conversationMentions: number;
    readonly consistencyScore: number;
    readonly generationCount: number;
    readonly creator: string;
    readonly age: number | null;
    readonly gender: string | null;
    readonly height: string | null;
    readonly build: string | null;
    readonly hairColor: string | null;
    readonly hairStyle: string | null;
    readonly eyeColor: string | null;
    readonly distinctiveFeatures: string | null;
    readonly physicalDescription: string | null;
    readonly personalityTraits: string | null;
    readonly backgroundStory: string | null;
    readonly relationships: string | null;
    readonly skillsAbilities: string | null;
    readonly artStyle: string | null;
    readonly visualStyle: string | null;
    readonly notes: string | null;
    readonly createdAt: string;
    readonly updatedAt: string;
    readonly memories: {
      readonly nodes: readonly {
        readonly factId: string;
        readonly statement: string;
        readonly subject: string;
        readonly predicate: string;
        readonly object: string;
        readonly category: FactCategory;
        readonly negated: boolean;
        readonly confidence: number;
        readonly status: FactStatus;
        readonly origin: FactOrigin;
        readonly validFrom: string | null;
        readonly validUntil: string | null;
        readonly recordedAt: string;
        readonly userId: string;
      }[];
    };
  } | null;
};
export type CharacterShownVariables = { name: string };
export const CharacterShown =
  'query CharacterShown($name: String!) { character(name: $name) { characterName aliases characterType occupation sourceFranchise shared isActive conversationMentions consistencyScore generationCount creator age gender height build hairColor hairStyle eyeColor distinctiveFeatures physicalDescription personalityTraits backgroundStory relationships skillsAbilities artStyle visualStyle notes createdAt updatedAt memories(first: 20) { nodes { ...FactLine } } } } fragment FactLine on Fact { factId statement subject predicate object category negated confidence status origin validFrom validUntil recordedAt userId }' as Operation<
    CharacterShownData,
    CharacterShownVariables
  >;

export type CharacterSeenData = {
  readonly interactions: {
    readonly nodes: readonly {
      readonly turnId: string;
      readonly conversationId: string;
      readonly userId: string;
      readonly timestamp: string;
      readonly query: string;
    }[];
  };
  readonly mediaInsights: {
    readonly nodes: readonly {
      readonly fileHash: string;
      readonly filePath: string;
      readonly mediaType: string;
      readonly kind: MediaKind;
      readonly width: number | null;
      readonly height: number | null;
      readonly fileSize: number;
      readonly dateTaken: string | null;
      readonly state: MediaState;
      readonly caption: string | null;
      readonly title: string | null;
      readonly thumbnailUrl: string | null;
      readonly userId: string;
      readonly location: { readonly place: string | null } | null;
      readonly tags: readonly { readonly name: string }[];
    }[];
  };
};
export type CharacterSeenVariables = { name: string };
export const CharacterSeen =
  'query CharacterSeen($name: String!) { interactions(first: 10, filter: {character: $name}) { nodes { turnId conversationId userId timestamp query } } mediaInsights(first: 12, filter: {character: $name}) { nodes { ...MediaTile } } } fragment MediaTile on MediaInsight { fileHash filePath mediaType kind width height fileSize dateTaken state caption title thumbnailUrl(size: SMALL) userId location { place } tags { name } }' as Operation<
    CharacterSeenData,
    CharacterSeenVariables
  >;

export type ExportPageData = {
  readonly exportUser: {
    readonly lines: readonly string[];
    readonly next: string | null;
    readonly manifest: {
      readonly sha256: string;
      readonly turns: number;
      readonly conversations: number;
      readonly characters: number;
      readonly format: string;
      readonly userId: string;
    };
  };
};
export type ExportPageVariables = { after?: string | null; userId?: string | null };
export const ExportPage =
  'query ExportPage($after: String, $userId: String) { exportUser(after: $after, userId: $userId) { lines next manifest { sha256 turns conversations characters format userId } } }' as Operation<
    ExportPageData,
    ExportPageVariables
  >;

export type EraseUserData = {
  readonly eraseUser:
    | {
        readonly __typename: 'EraseUserSuccess';
        readonly receipt: unknown;
        readonly signature: string;
        readonly publicKey: string;
      }
    | { readonly __typename: 'InvalidInputError'; readonly code: string; readonly message: string };
};
export type EraseUserVariables = { confirm: string; userId?: string | null };
export const EraseUser =
  'mutation EraseUser($confirm: String!, $userId: String) { eraseUser(confirm: $confirm, userId: $userId) { __typename ... on EraseUserSuccess { receipt signature publicKey } ... on Error { code message } } }' as Operation<
    EraseUserData,
    EraseUserVariables
  >;

export type AuditData = {
  readonly auditLog: {
    readonly entries: readonly {
      readonly id: string;
      readonly at: string;
      readonly actor: string | null;
      readonly action: string;
      readonly target: string | null;
      readonly result: string;
      readonly address: string | null;
      readonly onBehalfOf: string | null;
      readonly credential: string | null;
    }[];
    readonly next: string | null;
  };
};
export type AuditVariables = { first: number; after?: string | null };
export const Audit =
  'query Audit($first: Int!, $after: String) { auditLog(first: $first, after: $after) { entries { id at actor action target result address onBehalfOf credential } next } }' as Operation<
    AuditData,
    AuditVariables
  >;

export type AuditChainData = {
  readonly verifyAudit: {
    readonly broken: readonly number[];
    readonly rows: number;
    readonly seals: number;
    readonly wrongNames: number;
  };
};
export type AuditChainVariables = Record<string, never>;
export const AuditChain = 'query AuditChain { verifyAudit { broken rows seals wrongNames } }' as Operation<
  AuditChainData,
  AuditChainVariables
>;

export type RepairsData = {
  readonly repairActions: {
    readonly nodes: readonly {
      readonly actionId: string;
      readonly type: RepairType;
      readonly target: string;
      readonly outcome: RepairOutcome;
      readonly dryRun: boolean;
      readonly startedAt: string;
      readonly problem: string | null;
    }[];
  };
};
export type RepairsVariables = { first: number };
export const Repairs =
  'query Repairs($first: Int!) { repairActions(first: $first) { nodes { actionId type target outcome dryRun startedAt problem } } }' as Operation<
    RepairsData,
    RepairsVariables
  >;

export type BackupsData = {
  readonly backups: {
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
    readonly nodes: readonly {
      readonly backupId: string;
      readonly createdAt: string;
      readonly bytes: number;
      readonly rows: number;
      readonly state: BackupState;
      readonly verifiedAt: string | null;
      readonly verificationSeconds: number | null;
      readonly problem: string | null;
      readonly encryption: BackupEncryption;
      readonly note: string | null;
    }[];
  };
};
export type BackupsVariables = { first: number; after?: string | null };
export const Backups =
  'query Backups($first: Int!, $after: String) { backups(first: $first, after: $after) { pageInfo { hasNextPage endCursor } nodes { backupId createdAt bytes rows state verifiedAt verificationSeconds problem encryption note } } }' as Operation<
    BackupsData,
    BackupsVariables
  >;

export type CreateBackupData = {
  readonly createBackup:
    | { readonly __typename: 'CreateTaskSuccess'; readonly task: { readonly taskId: string } }
    | {
        readonly __typename:
          | 'IdempotencyKeyReusedError'
          | 'InvalidInputError'
          | 'NotConfiguredError'
          | 'NotFoundError'
          | 'QuotaExceededError'
          | 'ScheduleBusyError';
        readonly code: string;
        readonly message: string;
      };
};
export type CreateBackupVariables = { note?: string | null };
export const CreateBackup =
  'mutation CreateBackup($note: String) { createBackup(note: $note) { __typename ... on CreateTaskSuccess { task { taskId } } ... on Error { code message } } }' as Operation<
    CreateBackupData,
    CreateBackupVariables
  >;

export type VerifyBackupData = {
  readonly verifyBackup:
    | { readonly __typename: 'CreateTaskSuccess'; readonly task: { readonly taskId: string } }
    | {
        readonly __typename:
          | 'IdempotencyKeyReusedError'
          | 'InvalidInputError'
          | 'NotConfiguredError'
          | 'NotFoundError'
          | 'QuotaExceededError'
          | 'ScheduleBusyError';
        readonly code: string;
        readonly message: string;
      };
};
export type VerifyBackupVariables = { backupId: string };
export const VerifyBackup =
  'mutation VerifyBackup($backupId: ID!) { verifyBackup(backupId: $backupId) { __typename ... on CreateTaskSuccess { task { taskId } } ... on Error { code message } } }' as Operation<
    VerifyBackupData,
    VerifyBackupVariables
  >;

export type FlagsData = {
  readonly featureFlags: readonly {
    readonly key: string;
    readonly description: string;
    readonly enabled: boolean;
    readonly percentage: number;
    readonly roles: readonly Role[];
    readonly tenants: readonly string[];
    readonly users: readonly { readonly tenantId: string; readonly userId: string }[];
    readonly expiresAt: string | null;
    readonly updatedAt: string;
  }[];
};
export type FlagsVariables = Record<string, never>;
export const Flags =
  'query Flags { featureFlags { ...FlagLine } } fragment FlagLine on FeatureFlag { key description enabled percentage roles tenants users { tenantId userId } expiresAt updatedAt }' as Operation<
    FlagsData,
    FlagsVariables
  >;

export type SetFlagData = {
  readonly setFeatureFlag:
    | {
        readonly __typename: 'InvalidInputError' | 'NotFoundError';
        readonly code: string;
        readonly message: string;
      }
    | {
        readonly __typename: 'SetFeatureFlagSuccess';
        readonly flag: {
          readonly key: string;
          readonly description: string;
          readonly enabled: boolean;
          readonly percentage: number;
          readonly roles: readonly Role[];
          readonly tenants: readonly string[];
          readonly users: readonly { readonly tenantId: string; readonly userId: string }[];
          readonly expiresAt: string | null;
          readonly updatedAt: string;
        };
      };
};
export type SetFlagVariables = { input: SetFeatureFlagInput };
export const SetFlag =
  'mutation SetFlag($input: SetFeatureFlagInput!) { setFeatureFlag(input: $input) { __typename ... on SetFeatureFlagSuccess { flag { ...FlagLine } } ... on Error { code message } } } fragment FlagLine on FeatureFlag { key description enabled percentage roles tenants users { tenantId userId } expiresAt updatedAt }' as Operation<
    SetFlagData,
    SetFlagVariables
  >;

export type DeleteFlagData = {
  readonly deleteFeatureFlag:
    | { readonly __typename: 'DeleteFeatureFlagSuccess'; readonly key: string }
    | {
        readonly __typename: 'InvalidInputError' | 'NotFoundError';
        readonly code: string;
        readonly message: string;
      };
};
export type DeleteFlagVariables = { key: string };
export const DeleteFlag =
  'mutation DeleteFlag($key: String!) { deleteFeatureFlag(key: $key) { __typename ... on DeleteFeatureFlagSuccess { key } ... on Error { code message } } }' as Operation<
    DeleteFlagData,
    DeleteFlagVariables
  >;

export type MediaData = {
  readonly mediaInsights: {
    readonly nodes: readonly {
      readonly fileHash: string;
      readonly filePath: string;
      readonly mediaType: string;
      readonly kind: MediaKind;
      readonly width: number | null;
      readonly height: number | null;
      readonly fileSize: number;
      readonly dateTaken: string | null;
      readonly state: MediaState;
      readonly caption: string | null;
      readonly title: string | null;
      readonly thumbnailUrl: string | null;
      readonly userId: string;
      readonly location: { readonly place: string | null } | null;
      readonly tags: readonly { readonly name: string }[];
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};
export type MediaVariables = { first: number; after?: string | null; filter?: MediaFilter | null };
export const Media =
  'query Media($first: Int!, $after: String, $filter: MediaFilter) { mediaInsights(first: $first, after: $after, filter: $filter) { nodes { ...MediaTile } pageInfo { hasNextPage endCursor } } } fragment MediaTile on MediaInsight { fileHash filePath mediaType kind width height fileSize dateTaken state caption title thumbnailUrl(size: SMALL) userId location { place } tags { name } }' as Operation<
    MediaData,
    MediaVariables
  >;

export type MediaPlacesData = {
  readonly mediaPlaces: readonly {
    readonly latitude: number;
    readonly longitude: number;
    readonly name: string | null;
    readonly count: number;
    readonly latest: string | null;
    readonly square: {
      readonly south: number;
      readonly north: number;
      readonly west: number;
      readonly east: number;
    };
  }[];
};
export type MediaPlacesVariables = Record<string, never>;
export const MediaPlaces =
  'query MediaPlaces { mediaPlaces { latitude longitude name count latest square { south north west east } } }' as Operation<
    MediaPlacesData,
    MediaPlacesVariables
  >;

export type MediaFiguresData = {
  readonly mediaStats: {
    readonly total: number;
    readonly present: number;
    readonly vanished: number;
    readonly broken: number;
    readonly bytes: number;
    readonly copies: number;
    readonly nearDuplicates: number;
    readonly withDate: number;
    readonly withLocation: number;
    readonly unreadableFiles: number;
  };
};
export type MediaFiguresVariables = Record<string, never>;
export const MediaFigures =
  'query MediaFigures { mediaStats { total present vanished broken bytes copies nearDuplicates withDate withLocation unreadableFiles } }' as Operation<
    MediaFiguresData,
    MediaFiguresVariables
  >;

export type MediaShownData = {
  readonly mediaInsight: {
    readonly fileHash: string;
    readonly filePath: string;
    readonly mediaType: string;
    readonly kind: MediaKind;
    readonly width: number | null;
    readonly height: number | null;
    readonly fileSize: number;
    readonly dateTaken: string | null;
    readonly state: MediaState;
    readonly caption: string | null;
    readonly title: string | null;
    readonly thumbnailUrl: string | null;
    readonly userId: string;
    readonly location: { readonly place: string | null } | null;
    readonly tags: readonly { readonly name: string; readonly origin: MediaTagOrigin }[];
    readonly largeUrl: string | null;
    readonly filePaths: readonly string[];
    readonly dateIndexed: string;
    readonly dateTakenOffset: string | null;
    readonly qualityScore: number | null;
    readonly categories: readonly string[];
    readonly learned: boolean;
    readonly compositionNotes: string | null;
    readonly analysis: {
      readonly tier: AnalysisTier;
      readonly method: string;
      readonly confidence: number;
      readonly problem: string | null;
    };
    readonly camera: {
      readonly make: string | null;
      readonly model: string | null;
      readonly lens: string | null;
      readonly iso: number | null;
      readonly aperture: number | null;
      readonly exposureSeconds: number | null;
      readonly focalLengthMm: number | null;
    } | null;
    readonly colorPalette: readonly { readonly hex: string; readonly name: string; readonly share: number }[];
    readonly characters: readonly { readonly characterName: string }[];
  } | null;
};
export type MediaShownVariables = { fileHash: string };
export const MediaShown =
  'query MediaShown($fileHash: String!) { mediaInsight(fileHash: $fileHash) { ...MediaTile tags { origin } largeUrl: thumbnailUrl(size: LARGE) filePaths dateIndexed dateTakenOffset qualityScore categories learned compositionNotes analysis { tier method confidence problem } camera { make model lens iso aperture exposureSeconds focalLengthMm } colorPalette { hex name share } characters { characterName } } } fragment MediaTile on MediaInsight { fileHash filePath mediaType kind width height fileSize dateTaken state caption title thumbnailUrl(size: SMALL) userId location { place } tags { name } }' as Operation<
    MediaShownData,
    MediaShownVariables
  >;

export type TagMediaData = {
  readonly tagMedia:
    | {
        readonly __typename: 'InvalidInputError';
        readonly code: string;
        readonly message: string;
        readonly field: string;
      }
    | {
        readonly __typename: 'MediaSuccess';
        readonly insight: {
          readonly tags: readonly { readonly name: string; readonly origin: MediaTagOrigin }[];
        };
      }
    | { readonly __typename: 'NotFoundError'; readonly code: string; readonly message: string };
};
export type TagMediaVariables = { input: TagMediaInput };
export const TagMedia =
  'mutation TagMedia($input: TagMediaInput!) { tagMedia(input: $input) { __typename ... on MediaSuccess { insight { tags { name origin } } } ... on Error { code message } ... on InvalidInputError { field } } }' as Operation<
    TagMediaData,
    TagMediaVariables
  >;

export type ForgetMediaData = {
  readonly forgetMedia:
    | {
        readonly __typename: 'InvalidInputError' | 'NotFoundError';
        readonly code: string;
        readonly message: string;
      }
    | { readonly __typename: 'MediaSuccess' };
};
export type ForgetMediaVariables = { fileHash: string };
export const ForgetMedia =
  'mutation ForgetMedia($fileHash: String!) { forgetMedia(fileHash: $fileHash) { __typename ... on Error { code message } } }' as Operation<
    ForgetMediaData,
    ForgetMediaVariables
  >;

export type DuplicatesData = {
  readonly duplicateGroups: {
    readonly nodes: readonly {
      readonly size: number;
      readonly files: number;
      readonly spareBytes: number;
      readonly best: { readonly fileHash: string } | null;
      readonly members: readonly {
        readonly distance: number;
        readonly copies: number;
        readonly insight: {
          readonly fileHash: string;
          readonly filePath: string;
          readonly mediaType: string;
          readonly kind: MediaKind;
          readonly width: number | null;
          readonly height: number | null;
          readonly fileSize: number;
          readonly dateTaken: string | null;
          readonly state: MediaState;
          readonly caption: string | null;
          readonly title: string | null;
          readonly thumbnailUrl: string | null;
          readonly userId: string;
          readonly location: { readonly place: string | null } | null;
          readonly tags: readonly { readonly name: string }[];
          readonly qualityScore: number | null;
        };
      }[];
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};
export type DuplicatesVariables = { first: number; after?: string | null };
export const Duplicates =
  'query Duplicates($first: Int!, $after: String) { duplicateGroups(first: $first, after: $after) { nodes { size files spareBytes best { fileHash } members { distance copies insight { ...MediaTile qualityScore } } } pageInfo { hasNextPage endCursor } } } fragment MediaTile on MediaInsight { fileHash filePath mediaType kind width height fileSize dateTaken state caption title thumbnailUrl(size: SMALL) userId location { place } tags { name } }' as Operation<
    DuplicatesData,
    DuplicatesVariables
  >;

export type ConversationsData = {
  readonly conversations: {
    readonly nodes: readonly {
      readonly conversationId: string;
      readonly title: string | null;
      readonly pinned: boolean;
      readonly interactionCount: number;
      readonly lastInteraction: string;
      readonly createdAt: string;
      readonly userId: string;
    }[];
    readonly pageInfo: {
      readonly hasNextPage: boolean;
      readonly endCursor: string | null;
      readonly hasPreviousPage: boolean;
      readonly startCursor: string | null;
    };
  };
};
export type ConversationsVariables = {
  first?: number | null;
  after?: string | null;
  last?: number | null;
  before?: string | null;
  search?: string | null;
  userId?: string | null;
};
export const Conversations =
  'query Conversations($first: Int, $after: String, $last: Int, $before: String, $search: String, $userId: String) { conversations( first: $first after: $after last: $last before: $before search: $search userId: $userId ) { nodes { conversationId title pinned interactionCount lastInteraction createdAt userId } pageInfo { hasNextPage endCursor hasPreviousPage startCursor } } }' as Operation<
    ConversationsData,
    ConversationsVariables
  >;

export type SearchMemoryData = {
  readonly memorySearch: {
    readonly tookMs: number;
    readonly degraded: boolean;
    readonly leftOutArchive: boolean;
    readonly hits: readonly {
      readonly score: number;
      readonly tier: MemoryTier;
      readonly reasons: readonly string[];
      readonly interaction: {
        readonly turnId: string;
        readonly conversationId: string;
        readonly userId: string;
        readonly timestamp: string;
        readonly query: string;
        readonly response: string | null;
      };
    }[];
    readonly facts: readonly {
      readonly score: number;
      readonly reasons: readonly string[];
      readonly fact: {
        readonly factId: string;
        readonly statement: string;
        readonly subject: string;
        readonly predicate: string;
        readonly object: string;
        readonly category: FactCategory;
        readonly negated: boolean;
        readonly confidence: number;
        readonly status: FactStatus;
        readonly origin: FactOrigin;
        readonly validFrom: string | null;
        readonly validUntil: string | null;
        readonly recordedAt: string;
        readonly userId: string;
      };
    }[];
  };
};
export type SearchMemoryVariables = {
  query: string;
  limit: number;
  filter?: MemoryFilter | null;
  timeZone?: string | null;
};
export const SearchMemory =
  'query SearchMemory($query: String!, $limit: Int!, $filter: MemoryFilter, $timeZone: String) { memorySearch(query: $query, limit: $limit, filter: $filter, timeZone: $timeZone) { tookMs degraded leftOutArchive hits { score tier reasons interaction { turnId conversationId userId timestamp query response } } facts { score reasons fact { ...FactLine } } } } fragment FactLine on Fact { factId statement subject predicate object category negated confidence status origin validFrom validUntil recordedAt userId }' as Operation<
    SearchMemoryData,
    SearchMemoryVariables
  >;

export type ThreadData = {
  readonly conversation: {
    readonly conversationId: string;
    readonly title: string | null;
    readonly pinned: boolean;
    readonly interactionCount: number;
    readonly createdAt: string;
    readonly lastInteraction: string;
    readonly userId: string;
    readonly interactions: {
      readonly nodes: readonly {
        readonly turnId: string;
        readonly sequence: number | null;
        readonly timestamp: string;
        readonly query: string;
        readonly response: string | null;
        readonly status: InteractionStatus;
        readonly intent: string | null;
        readonly modelUsed: string;
        readonly responder: string | null;
        readonly speaker: string | null;
        readonly processingTimeMs: number;
        readonly tokensIn: number | null;
        readonly tokensOut: number | null;
        readonly rating: number | null;
        readonly vectorState: VectorState;
        readonly archivedAt: string | null;
        readonly characters: readonly { readonly characterName: string }[];
      }[];
      readonly pageInfo: { readonly hasPreviousPage: boolean; readonly startCursor: string | null };
    };
  } | null;
};
export type ThreadVariables = {
  conversationId: string;
  userId?: string | null;
  last: number;
  before?: string | null;
};
export const Thread =
  'query Thread($conversationId: String!, $userId: String, $last: Int!, $before: String) { conversation(conversationId: $conversationId, userId: $userId) { conversationId title pinned interactionCount createdAt lastInteraction userId interactions(last: $last, before: $before) { nodes { turnId sequence timestamp query response status intent modelUsed responder speaker processingTimeMs tokensIn tokensOut rating vectorState archivedAt characters { characterName } } pageInfo { hasPreviousPage startCursor } } } }' as Operation<
    ThreadData,
    ThreadVariables
  >;

export type DeleteTurnData = {
  readonly deleteInteraction:
    | { readonly __typename: 'DeleteInteractionSuccess' }
    | {
        readonly __typename: 'InvalidInputError' | 'NotFoundError';
        readonly code: string;
        readonly message: string;
      };
};
export type DeleteTurnVariables = { turnId: string };
export const DeleteTurn =
  'mutation DeleteTurn($turnId: ID!) { deleteInteraction(turnId: $turnId) { __typename ... on Error { code message } } }' as Operation<
    DeleteTurnData,
    DeleteTurnVariables
  >;

export type DeleteConversationData = {
  readonly deleteConversation:
    | { readonly __typename: 'DeleteConversationSuccess'; readonly deletedInteractions: number }
    | {
        readonly __typename: 'InvalidInputError' | 'NotFoundError';
        readonly code: string;
        readonly message: string;
      };
};
export type DeleteConversationVariables = { conversationId: string; userId: string };
export const DeleteConversation =
  'mutation DeleteConversation($conversationId: String!, $userId: String!) { deleteConversation(conversationId: $conversationId, userId: $userId) { __typename ... on DeleteConversationSuccess { deletedInteractions } ... on Error { code message } } }' as Operation<
    DeleteConversationData,
    DeleteConversationVariables
  >;

export type ChainOfData = {
  readonly verifyConversation: {
    readonly intact: boolean;
    readonly turns: number;
    readonly deleted: number;
    readonly problems: readonly {
      readonly kind: ChainProblemKind;
      readonly sequence: number;
      readonly turnId: string | null;
    }[];
  };
};
export type ChainOfVariables = { conversationId: string; userId?: string | null };
export const ChainOf =
  'query ChainOf($conversationId: String!, $userId: String) { verifyConversation(conversationId: $conversationId, userId: $userId) { intact turns deleted problems { kind sequence turnId } } }' as Operation<
    ChainOfData,
    ChainOfVariables
  >;

export type FactsData = {
  readonly facts: {
    readonly nodes: readonly {
      readonly factId: string;
      readonly statement: string;
      readonly subject: string;
      readonly predicate: string;
      readonly object: string;
      readonly category: FactCategory;
      readonly negated: boolean;
      readonly confidence: number;
      readonly status: FactStatus;
      readonly origin: FactOrigin;
      readonly validFrom: string | null;
      readonly validUntil: string | null;
      readonly recordedAt: string;
      readonly userId: string;
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};
export type FactsVariables = { first: number; after?: string | null; filter?: FactFilter | null };
export const Facts =
  'query Facts($first: Int!, $after: String, $filter: FactFilter) { facts(first: $first, after: $after, filter: $filter) { nodes { ...FactLine } pageInfo { hasNextPage endCursor } } } fragment FactLine on Fact { factId statement subject predicate object category negated confidence status origin validFrom validUntil recordedAt userId }' as Operation<
    FactsData,
    FactsVariables
  >;

export type FactShownData = {
  readonly fact: {
    readonly factId: string;
    readonly statement: string;
    readonly subject: string;
    readonly predicate: string;
    readonly object: string;
    readonly category: FactCategory;
    readonly negated: boolean;
    readonly confidence: number;
    readonly status: FactStatus;
    readonly origin: FactOrigin;
    readonly validFrom: string | null;
    readonly validUntil: string | null;
    readonly recordedAt: string;
    readonly userId: string;
    readonly retiredAt: string | null;
    readonly sources: readonly {
      readonly quote: string;
      readonly field: FactSourceField | null;
      readonly saidAt: string;
      readonly interaction: {
        readonly turnId: string;
        readonly conversationId: string;
        readonly userId: string;
      } | null;
      readonly media: { readonly fileHash: string } | null;
    }[];
    readonly supersedes: readonly { readonly factId: string; readonly statement: string }[];
    readonly supersededBy: { readonly factId: string; readonly statement: string } | null;
    readonly changes: readonly {
      readonly changeId: string;
      readonly at: string;
      readonly kind: FactChangeKind;
      readonly by: string;
      readonly undone: boolean;
    }[];
  } | null;
};
export type FactShownVariables = { factId: string };
export const FactShown =
  'query FactShown($factId: ID!) { fact(factId: $factId) { ...FactLine retiredAt sources { quote field saidAt interaction { turnId conversationId userId } media { fileHash } } supersedes { factId statement } supersededBy { factId statement } changes { changeId at kind by undone } } } fragment FactLine on Fact { factId statement subject predicate object category negated confidence status origin validFrom validUntil recordedAt userId }' as Operation<
    FactShownData,
    FactShownVariables
  >;

export type UndoChangeData = {
  readonly undoLearningChange:
    | {
        readonly __typename: 'ChangeBuiltOnError';
        readonly code: string;
        readonly message: string;
        readonly changeIds: readonly string[];
      }
    | {
        readonly __typename: 'InvalidInputError' | 'NotFoundError';
        readonly code: string;
        readonly message: string;
      }
    | {
        readonly __typename: 'UndoSuccess';
        readonly undone: readonly { readonly changeId: string; readonly kind: FactChangeKind }[];
      };
};
export type UndoChangeVariables = { changeId: string; cascade: boolean };
export const UndoChange =
  'mutation UndoChange($changeId: ID!, $cascade: Boolean!) { undoLearningChange(changeId: $changeId, cascade: $cascade) { __typename ... on UndoSuccess { undone { changeId kind } } ... on Error { code message } ... on ChangeBuiltOnError { changeIds } } }' as Operation<
    UndoChangeData,
    UndoChangeVariables
  >;

export type AddFactData = {
  readonly addFact:
    | {
        readonly __typename: 'FactSuccess';
        readonly fact: { readonly factId: string };
        readonly change: { readonly changeId: string } | null;
      }
    | {
        readonly __typename: 'InvalidInputError';
        readonly code: string;
        readonly message: string;
        readonly field: string;
      }
    | { readonly __typename: 'NotFoundError'; readonly code: string; readonly message: string };
};
export type AddFactVariables = { input: FactInput; userId?: string | null };
export const AddFact =
  'mutation AddFact($input: FactInput!, $userId: String) { addFact(input: $input, userId: $userId) { ...FactDone } } fragment FactDone on FactResult { __typename ... on FactSuccess { fact { factId } change { changeId } } ... on Error { code message } ... on InvalidInputError { field } }' as Operation<
    AddFactData,
    AddFactVariables
  >;

export type CorrectFactData = {
  readonly correctFact:
    | {
        readonly __typename: 'FactSuccess';
        readonly fact: { readonly factId: string };
        readonly change: { readonly changeId: string } | null;
      }
    | {
        readonly __typename: 'InvalidInputError';
        readonly code: string;
        readonly message: string;
        readonly field: string;
      }
    | { readonly __typename: 'NotFoundError'; readonly code: string; readonly message: string };
};
export type CorrectFactVariables = { factId: string; input: FactInput };
export const CorrectFact =
  'mutation CorrectFact($factId: ID!, $input: FactInput!) { correctFact(factId: $factId, input: $input) { ...FactDone } } fragment FactDone on FactResult { __typename ... on FactSuccess { fact { factId } change { changeId } } ... on Error { code message } ... on InvalidInputError { field } }' as Operation<
    CorrectFactData,
    CorrectFactVariables
  >;

export type RetractFactData = {
  readonly retractFact:
    | {
        readonly __typename: 'FactSuccess';
        readonly fact: { readonly factId: string };
        readonly change: { readonly changeId: string } | null;
      }
    | {
        readonly __typename: 'InvalidInputError';
        readonly code: string;
        readonly message: string;
        readonly field: string;
      }
    | { readonly __typename: 'NotFoundError'; readonly code: string; readonly message: string };
};
export type RetractFactVariables = { factId: string };
export const RetractFact =
  'mutation RetractFact($factId: ID!) { retractFact(factId: $factId) { ...FactDone } } fragment FactDone on FactResult { __typename ... on FactSuccess { fact { factId } change { changeId } } ... on Error { code message } ... on InvalidInputError { field } }' as Operation<
    RetractFactData,
    RetractFactVariables
  >;

export type FactToldData = {
  readonly factChanged: {
    readonly cursor: string;
    readonly at: string;
    readonly kind: FactChangeKind;
    readonly fact: { readonly factId: string };
  };
};
export type FactToldVariables = { after?: string | null };
export const FactTold =
  'subscription FactTold($after: ID) { factChanged(after: $after) { cursor at kind fact { factId } } }' as Operation<
    FactToldData,
    FactToldVariables
  >;

export type RecentMetricsData = {
  readonly requests: {
    readonly stepSeconds: number;
    readonly points: readonly {
      readonly at: string;
      readonly value: number | null;
      readonly count: number | null;
      readonly p95: number | null;
    }[];
  };
  readonly turns: {
    readonly stepSeconds: number;
    readonly points: readonly {
      readonly at: string;
      readonly value: number | null;
      readonly count: number | null;
      readonly p95: number | null;
    }[];
  };
  readonly processor: {
    readonly stepSeconds: number;
    readonly points: readonly {
      readonly at: string;
      readonly value: number | null;
      readonly count: number | null;
      readonly p95: number | null;
    }[];
  };
  readonly memory: {
    readonly stepSeconds: number;
    readonly points: readonly {
      readonly at: string;
      readonly value: number | null;
      readonly count: number | null;
      readonly p95: number | null;
    }[];
  };
};
export type RecentMetricsVariables = { since: string };
export const RecentMetrics =
  'query RecentMetrics($since: DateTime!) { requests: metricsHistory( name: "echo_http_requests_total" since: $since stepSeconds: 1 ) { ...HistoryLine } turns: metricsHistory( name: "echo_turns_stored_total" since: $since stepSeconds: 1 ) { ...HistoryLine } processor: metricsHistory(name: "echo_cpu_ratio", since: $since, stepSeconds: 1) { ...HistoryLine } memory: metricsHistory( name: "process_resident_memory_bytes" since: $since stepSeconds: 1 ) { ...HistoryLine } } fragment HistoryLine on MetricSeries { stepSeconds points { at value count p95 } }' as Operation<
    RecentMetricsData,
    RecentMetricsVariables
  >;

export type MetricsOverTimeData = {
  readonly turns: {
    readonly stepSeconds: number;
    readonly points: readonly {
      readonly at: string;
      readonly value: number | null;
      readonly count: number | null;
      readonly p95: number | null;
    }[];
  };
  readonly operations: {
    readonly stepSeconds: number;
    readonly points: readonly {
      readonly at: string;
      readonly value: number | null;
      readonly count: number | null;
      readonly p95: number | null;
    }[];
  };
  readonly answers: {
    readonly stepSeconds: number;
    readonly points: readonly {
      readonly at: string;
      readonly value: number | null;
      readonly count: number | null;
      readonly p95: number | null;
    }[];
  };
  readonly errors: {
    readonly stepSeconds: number;
    readonly points: readonly {
      readonly at: string;
      readonly value: number | null;
      readonly count: number | null;
      readonly p95: number | null;
    }[];
  };
  readonly tokens: {
    readonly stepSeconds: number;
    readonly points: readonly {
      readonly at: string;
      readonly value: number | null;
      readonly count: number | null;
      readonly p95: number | null;
    }[];
  };
  readonly vectorLag: {
    readonly stepSeconds: number;
    readonly points: readonly {
      readonly at: string;
      readonly value: number | null;
      readonly count: number | null;
      readonly p95: number | null;
    }[];
  };
};
export type MetricsOverTimeVariables = { since: string; step: number };
export const MetricsOverTime =
  'query MetricsOverTime($since: DateTime!, $step: Int!) { turns: metricsHistory( name: "echo_turns_stored_total" since: $since stepSeconds: $step ) { ...HistoryLine } operations: metricsHistory( name: "echo_graphql_operation_seconds" since: $since stepSeconds: $step ) { ...HistoryLine } answers: metricsHistory( name: "echo_answer_seconds" since: $since stepSeconds: $step ) { ...HistoryLine } errors: metricsHistory( name: "echo_graphql_errors_total" since: $since stepSeconds: $step ) { ...HistoryLine } tokens: metricsHistory( name: "echo_model_tokens_total" since: $since stepSeconds: $step ) { ...HistoryLine } vectorLag: metricsHistory( name: "echo_vectors_lag_seconds" since: $since stepSeconds: $step ) { ...HistoryLine } } fragment HistoryLine on MetricSeries { stepSeconds points { at value count p95 } }' as Operation<
    MetricsOverTimeData,
    MetricsOverTimeVariables
  >;

export type ObjectivesData = {
  readonly slos: readonly {
    readonly name: string;
    readonly description: string;
    readonly target: number;
    readonly limitSeconds: number | null;
    readonly windowDays: number;
    readonly state: SloState;
    readonly total: number;
    readonly bad: number;
    readonly attained: number | null;
    readonly budgetLeft: number | null;
    readonly burnRates: readonly { readonly minutes: number; readonly rate: number | null }[];
  }[];
};
export type ObjectivesVariables = Record<string, never>;
export const Objectives =
  'query Objectives { slos { name description target limitSeconds windowDays state total bad attained budgetLeft burnRates { minutes rate } } }' as Operation<
    ObjectivesData,
    ObjectivesVariables
  >;

export type FiguresData = {
  readonly persistence: {
    readonly counters: {
      readonly attempted: number;
      readonly succeeded: number;
      readonly failed: number;
      readonly journaled: number;
      readonly recovered: number;
      readonly replayed: number;
    };
    readonly journal: {
      readonly depth: number;
      readonly oldestAgeMs: number | null;
      readonly bytes: number;
      readonly maxBytes: number;
      readonly setApart: number;
      readonly failure: string | null;
    };
    readonly vectors: {
      readonly coverage: number;
      readonly embedded: number;
      readonly pending: number;
      readonly failed: number;
      readonly lagSeconds: number;
      readonly model: string;
      readonly storeUp: boolean;
    };
  };
  readonly learningStatus: {
    readonly turnsWaiting: number;
    readonly oldestWaitingSeconds: number;
    readonly nextRunAt: string | null;
    readonly lastRun: {
      readonly startedAt: string;
      readonly turnsSeen: number;
      readonly added: number;
      readonly merged: number;
    } | null;
  };
  readonly taskStats: {
    readonly byStatus: readonly { readonly status: TaskStatus; readonly count: number }[];
    readonly oldestWaitingSeconds: number | null;
    readonly endedLastHour: number;
  };
};
export type FiguresVariables = Record<string, never>;
export const Figures =
  'query Figures { persistence { counters { attempted succeeded failed journaled recovered replayed } journal { depth oldestAgeMs bytes maxBytes setApart failure } vectors { coverage embedded pending failed lagSeconds model storeUp } } learningStatus { turnsWaiting oldestWaitingSeconds nextRunAt lastRun { startedAt turnsSeen added merged } } taskStats { byStatus { status count } oldestWaitingSeconds endedLastHour } }' as Operation<
    FiguresData,
    FiguresVariables
  >;

export type RecentTurnsData = {
  readonly interactions: {
    readonly nodes: readonly {
      readonly turnId: string;
      readonly conversationId: string;
      readonly userId: string;
      readonly timestamp: string;
      readonly query: string;
      readonly response: string | null;
      readonly status: InteractionStatus;
      readonly intent: string | null;
      readonly modelUsed: string;
      readonly processingTimeMs: number;
      readonly tokensIn: number | null;
      readonly tokensOut: number | null;
      readonly cost: number | null;
      readonly vectorState: VectorState;
    }[];
  };
};
export type RecentTurnsVariables = { first: number };
export const RecentTurns =
  'query RecentTurns($first: Int!) { interactions(first: $first) { nodes { ...TurnLine } } } fragment TurnLine on Interaction { turnId conversationId userId timestamp query response status intent modelUsed processingTimeMs tokensIn tokensOut cost vectorState }' as Operation<
    RecentTurnsData,
    RecentTurnsVariables
  >;

export type ActiveAlertsData = {
  readonly activeAlerts: readonly {
    readonly alertId: string | null;
    readonly name: string;
    readonly severity: AlertSeverity;
    readonly state: AlertState;
    readonly message: string;
    readonly at: string;
  }[];
};
export type ActiveAlertsVariables = Record<string, never>;
export const ActiveAlerts =
  'query ActiveAlerts { activeAlerts { ...AlertLine } } fragment AlertLine on Alert { alertId name severity state message at }' as Operation<
    ActiveAlertsData,
    ActiveAlertsVariables
  >;

export type RecentActivityData = {
  readonly activity: {
    readonly nodes: readonly {
      readonly cursor: string;
      readonly at: string;
      readonly kind: string;
      readonly subject: string | null;
      readonly message: string;
      readonly level: ActivityLevel;
      readonly count: number;
    }[];
  };
};
export type RecentActivityVariables = { first: number };
export const RecentActivity =
  'query RecentActivity($first: Int!) { activity(first: $first) { nodes { cursor at kind subject message level count } } }' as Operation<
    RecentActivityData,
    RecentActivityVariables
  >;

export type TurnAddedData = {
  readonly interactionAdded: {
    readonly cursor: string;
    readonly at: string;
    readonly interaction: {
      readonly turnId: string;
      readonly conversationId: string;
      readonly userId: string;
      readonly timestamp: string;
      readonly query: string;
      readonly response: string | null;
      readonly status: InteractionStatus;
      readonly intent: string | null;
      readonly modelUsed: string;
      readonly processingTimeMs: number;
      readonly tokensIn: number | null;
      readonly tokensOut: number | null;
      readonly cost: number | null;
      readonly vectorState: VectorState;
    };
  };
};
export type TurnAddedVariables = { after?: string | null };
export const TurnAdded =
  'subscription TurnAdded($after: ID) { interactionAdded(after: $after) { cursor at interaction { ...TurnLine } } } fragment TurnLine on Interaction { turnId conversationId userId timestamp query response status intent modelUsed processingTimeMs tokensIn tokensOut cost vectorState }' as Operation<
    TurnAddedData,
    TurnAddedVariables
  >;

export type ActivityToldData = {
  readonly activity: {
    readonly cursor: string;
    readonly at: string;
    readonly activity: {
      readonly cursor: string;
      readonly at: string;
      readonly kind: string;
      readonly subject: string | null;
      readonly message: string;
      readonly level: ActivityLevel;
      readonly count: number;
    };
  };
};
export type ActivityToldVariables = { after?: string | null };
export const ActivityTold =
  'subscription ActivityTold($after: ID) { activity(after: $after) { cursor at activity { cursor at kind subject message level count } } }' as Operation<
    ActivityToldData,
    ActivityToldVariables
  >;

export type AlertToldData = {
  readonly alerts: {
    readonly cursor: string;
    readonly at: string;
    readonly alert: {
      readonly alertId: string | null;
      readonly name: string;
      readonly severity: AlertSeverity;
      readonly state: AlertState;
      readonly message: string;
      readonly at: string;
    };
  };
};
export type AlertToldVariables = { after?: string | null };
export const AlertTold =
  'subscription AlertTold($after: ID) { alerts(after: $after) { cursor at alert { ...AlertLine } } } fragment AlertLine on Alert { alertId name severity state message at }' as Operation<
    AlertToldData,
    AlertToldVariables
  >;

export type MetricsReadData = {
  readonly metrics: {
    readonly at: string;
    readonly uptimeSeconds: number;
    readonly cpuPercent: number;
    readonly cores: number;
    readonly rssBytes: number;
    readonly heapUsedBytes: number;
    readonly eventLoopDelayMs: number;
    readonly loadAverage1m: number;
    readonly systemMemoryUsedBytes: number;
    readonly systemMemoryTotalBytes: number;
    readonly databaseConnections: number;
    readonly requests: number;
    readonly turnsStored: number;
    readonly turnsReplayed: number;
  };
};
export type MetricsReadVariables = { intervalMs: number };
export const MetricsRead =
  'subscription MetricsRead($intervalMs: Int!) { metrics(intervalMs: $intervalMs) { at uptimeSeconds cpuPercent cores rssBytes heapUsedBytes eventLoopDelayMs loadAverage1m systemMemoryUsedBytes systemMemoryTotalBytes databaseConnections requests turnsStored turnsReplayed } }' as Operation<
    MetricsReadData,
    MetricsReadVariables
  >;

export type MeData = {
  readonly me: {
    readonly userId: string;
    readonly tenantId: string;
    readonly roles: readonly Role[];
    readonly permissions: readonly Permission[];
    readonly mayActForOthers: boolean;
    readonly timeZone: string;
  };
};
export type MeVariables = Record<string, never>;
export const Me =
  'query Me { me { userId tenantId roles permissions mayActForOthers timeZone } }' as Operation<
    MeData,
    MeVariables
  >;

export type StandingData = {
  readonly health: {
    readonly status: HealthStatus;
    readonly version: string;
    readonly uptimeSeconds: number;
    readonly checks: readonly {
      readonly name: string;
      readonly status: HealthStatus;
      readonly latencyMs: number | null;
      readonly detail: string | null;
    }[];
    readonly pressure: { readonly level: PressureLevel };
  };
};
export type StandingVariables = Record<string, never>;
export const Standing =
  'query Standing { health { status version uptimeSeconds checks { name status latencyMs detail } pressure { level } } }' as Operation<
    StandingData,
    StandingVariables
  >;

export type DrawingsData = {
  readonly generations: {
    readonly nodes: readonly {
      readonly generationId: string;
      readonly taskId: string;
      readonly asked: string;
      readonly characterName: string | null;
      readonly workflow: string;
      readonly files: readonly string[];
      readonly error: string | null;
      readonly createdAt: string;
      readonly startedAt: string | null;
      readonly completedAt: string | null;
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};
export type DrawingsVariables = { first: number; after?: string | null; filter?: GenerationFilter | null };
export const Drawings =
  'query Drawings($first: Int!, $after: String, $filter: GenerationFilter) { generations(first: $first, after: $after, filter: $filter) { nodes { ...DrawingLine } pageInfo { hasNextPage endCursor } } } fragment DrawingLine on Generation { generationId taskId asked characterName workflow files error createdAt startedAt completedAt }' as Operation<
    DrawingsData,
    DrawingsVariables
  >;

export type DrawingShownData = {
  readonly generations: {
    readonly nodes: readonly {
      readonly generationId: string;
      readonly taskId: string;
      readonly asked: string;
      readonly characterName: string | null;
      readonly workflow: string;
      readonly files: readonly string[];
      readonly error: string | null;
      readonly createdAt: string;
      readonly startedAt: string | null;
      readonly completedAt: string | null;
      readonly prompt: string;
      readonly negativePrompt: string;
      readonly elements: readonly string[];
      readonly seed: number;
      readonly width: number;
      readonly height: number;
      readonly rating: {
        readonly identity: number | null;
        readonly quality: number | null;
        readonly style: number | null;
        readonly comment: string | null;
      } | null;
    }[];
  };
};
export type DrawingShownVariables = { taskId: string };
export const DrawingShown =
  'query DrawingShown($taskId: ID!) { generations(first: 1, filter: {taskId: $taskId}) { nodes { ...DrawingLine prompt negativePrompt elements seed width height rating { identity quality style comment } } } } fragment DrawingLine on Generation { generationId taskId asked characterName workflow files error createdAt startedAt completedAt }' as Operation<
    DrawingShownData,
    DrawingShownVariables
  >;

export type ProjectsData = {
  readonly projects: {
    readonly nodes: readonly {
      readonly projectId: string;
      readonly name: string;
      readonly description: string | null;
      readonly durationSeconds: number;
      readonly updatedAt: string;
      readonly segments: readonly { readonly status: SegmentStatus }[];
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};
export type ProjectsVariables = { first: number; after?: string | null; deleted?: boolean | null };
export const Projects =
  'query Projects($first: Int!, $after: String, $deleted: Boolean) { projects(first: $first, after: $after, deleted: $deleted) { nodes { projectId name description durationSeconds updatedAt segments { status } } pageInfo { hasNextPage endCursor } } }' as Operation<
    ProjectsData,
    ProjectsVariables
  >;

export type ProjectShownData = {
  readonly project: {
    readonly projectId: string;
    readonly name: string;
    readonly description: string | null;
    readonly width: number;
    readonly height: number;
    readonly framesPerSecond: number;
    readonly durationSeconds: number;
    readonly createdAt: string;
    readonly deletedAt: string | null;
    readonly characters: readonly { readonly characterName: string; readonly role: string | null }[];
    readonly segments: readonly {
      readonly segmentId: string;
      readonly position: number;
      readonly prompt: string;
      readonly characterName: string | null;
      readonly durationSeconds: number;
      readonly status: SegmentStatus;
      readonly error: string | null;
      readonly fileHash: string | null;
      readonly taskId: string | null;
    }[];
    readonly assemblies: {
      readonly nodes: readonly {
        readonly assemblyId: string;
        readonly taskId: string;
        readonly status: TaskStatus | null;
        readonly error: string | null;
        readonly fileHash: string | null;
        readonly fileSize: number | null;
        readonly segmentCount: number;
        readonly durationSeconds: number;
        readonly createdAt: string;
      }[];
    };
    readonly decisions: {
      readonly nodes: readonly {
        readonly decisionId: string;
        readonly decision: string;
        readonly reason: string | null;
        readonly decidedAt: string;
      }[];
    };
  } | null;
};
export type ProjectShownVariables = { projectId: string };
export const ProjectShown =
  'query ProjectShown($projectId: ID!) { project(projectId: $projectId) { projectId name description width height framesPerSecond durationSeconds createdAt deletedAt characters { characterName role } segments { segmentId position prompt characterName durationSeconds status error fileHash taskId } assemblies(first: 10) { nodes { assemblyId taskId status error fileHash fileSize segmentCount durationSeconds createdAt } } decisions(first: 20) { nodes { decisionId decision reason decidedAt } } } }' as Operation<
    ProjectShownData,
    ProjectShownVariables
  >;

export type EvaluationsData = {
  readonly tasks: {
    readonly nodes: readonly {
      readonly taskId: string;
      readonly type: string;
      readonly name: string;
      readonly status: TaskStatus;
      readonly priority: TaskPriority;
      readonly createdAt: string;
      readonly scheduledFor: string | null;
      readonly startedAt: string | null;
      readonly completedAt: string | null;
      readonly retryCount: number;
      readonly maxRetries: number;
      readonly createdBy: string;
      readonly error: string | null;
      readonly progress: {
        readonly done: number;
        readonly total: number | null;
        readonly note: string | null;
      } | null;
      readonly result: unknown | null;
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};
export type EvaluationsVariables = { first: number; after?: string | null; filter?: TaskFilter | null };
export const Evaluations =
  'query Evaluations($first: Int!, $after: String, $filter: TaskFilter) { tasks(first: $first, after: $after, filter: $filter) { nodes { ...TaskLine result } pageInfo { hasNextPage endCursor } } } fragment TaskLine on AutonomousTask { taskId type name status priority createdAt scheduledFor startedAt completedAt retryCount maxRetries createdBy error progress { done total note } }' as Operation<
    EvaluationsData,
    EvaluationsVariables
  >;

export type TasksData = {
  readonly tasks: {
    readonly nodes: readonly {
      readonly taskId: string;
      readonly type: string;
      readonly name: string;
      readonly status: TaskStatus;
      readonly priority: TaskPriority;
      readonly createdAt: string;
      readonly scheduledFor: string | null;
      readonly startedAt: string | null;
      readonly completedAt: string | null;
      readonly retryCount: number;
      readonly maxRetries: number;
      readonly createdBy: string;
      readonly error: string | null;
      readonly progress: {
        readonly done: number;
        readonly total: number | null;
        readonly note: string | null;
      } | null;
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};
export type TasksVariables = { first: number; after?: string | null; filter?: TaskFilter | null };
export const Tasks =
  'query Tasks($first: Int!, $after: String, $filter: TaskFilter) { tasks(first: $first, after: $after, filter: $filter) { nodes { ...TaskLine } pageInfo { hasNextPage endCursor } } } fragment TaskLine on AutonomousTask { taskId type name status priority createdAt scheduledFor startedAt completedAt retryCount maxRetries createdBy error progress { done total note } }' as Operation<
    TasksData,
    TasksVariables
  >;

export type TaskCountsData = {
  readonly taskStats: {
    readonly byStatus: readonly { readonly status: TaskStatus; readonly count: number }[];
    readonly oldestWaitingSeconds: number | null;
    readonly endedLastHour: number;
  };
};
export type TaskCountsVariables = Record<string, never>;
export const TaskCounts =
  'query TaskCounts { taskStats { byStatus { status count } oldestWaitingSeconds endedLastHour } }' as Operation<
    TaskCountsData,
    TaskCountsVariables
  >;

export type TaskShownData = {
  readonly task: {
    readonly taskId: string;
    readonly type: string;
    readonly name: string;
    readonly status: TaskStatus;
    readonly priority: TaskPriority;
    readonly createdAt: string;
    readonly scheduledFor: string | null;
    readonly startedAt: string | null;
    readonly completedAt: string | null;
    readonly retryCount: number;
    readonly maxRetries: number;
    readonly createdBy: string;
    readonly error: string | null;
    readonly progress: {
      readonly done: number;
      readonly total: number | null;
      readonly note: string | null;
    } | null;
    readonly description: string | null;
    readonly payload: unknown | null;
    readonly result: unknown | null;
    readonly timeoutSeconds: number;
    readonly slotAt: string | null;
    readonly attempts: readonly {
      readonly number: number;
      readonly startedAt: string;
      readonly endedAt: string | null;
      readonly worker: string;
      readonly error: string | null;
    }[];
    readonly goal: { readonly description: string } | null;
  } | null;
};
export type TaskShownVariables = { taskId: string };
export const TaskShown =
  'query TaskShown($taskId: ID!) { task(taskId: $taskId) { ...TaskLine description payload result timeoutSeconds slotAt attempts { number startedAt endedAt worker error } goal { description } } } fragment TaskLine on AutonomousTask { taskId type name status priority createdAt scheduledFor startedAt completedAt retryCount maxRetries createdBy error progress { done total note } }' as Operation<
    TaskShownData,
    TaskShownVariables
  >;

export type SchedulesData = {
  readonly schedules: readonly {
    readonly name: string;
    readonly taskType: string;
    readonly cron: string;
    readonly timeZone: string;
    readonly missedPolicy: MissedPolicy;
    readonly paused: boolean;
    readonly nextSlotAt: string | null;
    readonly lastSlot: {
      readonly slotAt: string;
      readonly state: SlotState;
      readonly note: string | null;
    } | null;
  }[];
};
export type SchedulesVariables = Record<string, never>;
export const Schedules =
  'query Schedules { schedules { name taskType cron timeZone missedPolicy paused nextSlotAt lastSlot { slotAt state note } } }' as Operation<
    SchedulesData,
    SchedulesVariables
  >;

export type SlotsOfData = {
  readonly schedules: readonly {
    readonly name: string;
    readonly slots: {
      readonly nodes: readonly {
        readonly slotAt: string;
        readonly state: SlotState;
        readonly note: string | null;
        readonly task: { readonly taskId: string; readonly status: TaskStatus } | null;
      }[];
    };
  }[];
};
export type SlotsOfVariables = { first: number };
export const SlotsOf =
  'query SlotsOf($first: Int!) { schedules { name slots(first: $first) { nodes { slotAt state note task { taskId status } } } } }' as Operation<
    SlotsOfData,
    SlotsOfVariables
  >;

export type CancelTaskData = {
  readonly cancelTask:
    | {
        readonly __typename: 'CancelTaskSuccess';
        readonly stoppedInTime: boolean;
        readonly task: {
          readonly taskId: string;
          readonly type: string;
          readonly name: string;
          readonly status: TaskStatus;
          readonly priority: TaskPriority;
          readonly createdAt: string;
          readonly scheduledFor: string | null;
          readonly startedAt: string | null;
          readonly completedAt: string | null;
          readonly retryCount: number;
          readonly maxRetries: number;
          readonly createdBy: string;
          readonly error: string | null;
          readonly progress: {
            readonly done: number;
            readonly total: number | null;
            readonly note: string | null;
          } | null;
        };
      }
    | {
        readonly __typename: 'InvalidInputError' | 'NotFoundError';
        readonly code: string;
        readonly message: string;
      };
};
export type CancelTaskVariables = { taskId: string };
export const CancelTask =
  'mutation CancelTask($taskId: ID!) { cancelTask(taskId: $taskId) { __typename ... on CancelTaskSuccess { stoppedInTime task { ...TaskLine } } ... on Error { code message } } } fragment TaskLine on AutonomousTask { taskId type name status priority createdAt scheduledFor startedAt completedAt retryCount maxRetries createdBy error progress { done total note } }' as Operation<
    CancelTaskData,
    CancelTaskVariables
  >;

export type RetryTaskData = {
  readonly retryTask:
    | {
        readonly __typename: 'InvalidInputError' | 'NotFoundError';
        readonly code: string;
        readonly message: string;
      }
    | {
        readonly __typename: 'RetryTaskSuccess';
        readonly task: {
          readonly taskId: string;
          readonly type: string;
          readonly name: string;
          readonly status: TaskStatus;
          readonly priority: TaskPriority;
          readonly createdAt: string;
          readonly scheduledFor: string | null;
          readonly startedAt: string | null;
          readonly completedAt: string | null;
          readonly retryCount: number;
          readonly maxRetries: number;
          readonly createdBy: string;
          readonly error: string | null;
          readonly progress: {
            readonly done: number;
            readonly total: number | null;
            readonly note: string | null;
          } | null;
        };
      };
};
export type RetryTaskVariables = { taskId: string };
export const RetryTask =
  'mutation RetryTask($taskId: ID!) { retryTask(taskId: $taskId) { __typename ... on RetryTaskSuccess { task { ...TaskLine } } ... on Error { code message } } } fragment TaskLine on AutonomousTask { taskId type name status priority createdAt scheduledFor startedAt completedAt retryCount maxRetries createdBy error progress { done total note } }' as Operation<
    RetryTaskData,
    RetryTaskVariables
  >;

export type TriggerScheduleData = {
  readonly triggerSchedule:
    | {
        readonly __typename: 'CreateTaskSuccess';
        readonly task: {
          readonly taskId: string;
          readonly type: string;
          readonly name: string;
          readonly status: TaskStatus;
          readonly priority: TaskPriority;
          readonly createdAt: string;
          readonly scheduledFor: string | null;
          readonly startedAt: string | null;
          readonly completedAt: string | null;
          readonly retryCount: number;
          readonly maxRetries: number;
          readonly createdBy: string;
          readonly error: string | null;
          readonly progress: {
            readonly done: number;
            readonly total: number | null;
            readonly note: string | null;
          } | null;
        };
      }
    | {
        readonly __typename:
          | 'IdempotencyKeyReusedError'
          | 'InvalidInputError'
          | 'NotConfiguredError'
          | 'NotFoundError'
          | 'QuotaExceededError'
          | 'ScheduleBusyError';
        readonly code: string;
        readonly message: string;
      };
};
export type TriggerScheduleVariables = { name: string };
export const TriggerSchedule =
  'mutation TriggerSchedule($name: String!) { triggerSchedule(name: $name) { __typename ... on CreateTaskSuccess { task { ...TaskLine } } ... on Error { code message } } } fragment TaskLine on AutonomousTask { taskId type name status priority createdAt scheduledFor startedAt completedAt retryCount maxRetries createdBy error progress { done total note } }' as Operation<
    TriggerScheduleData,
    TriggerScheduleVariables
  >;

export type PauseScheduleData = {
  readonly setSchedulePaused:
    | {
        readonly __typename: 'InvalidInputError' | 'NotFoundError';
        readonly code: string;
        readonly message: string;
      }
    | {
        readonly __typename: 'ScheduleSuccess';
        readonly schedule: { readonly name: string; readonly paused: boolean };
      };
};
export type PauseScheduleVariables = { name: string; paused: boolean };
export const PauseSchedule =
  'mutation PauseSchedule($name: String!, $paused: Boolean!) { setSchedulePaused(name: $name, paused: $paused) { __typename ... on ScheduleSuccess { schedule { name paused } } ... on Error { code message } } }' as Operation<
    PauseScheduleData,
    PauseScheduleVariables
  >;

export type TaskToldData = {
  readonly taskChanged: {
    readonly cursor: string;
    readonly at: string;
    readonly task: {
      readonly taskId: string;
      readonly type: string;
      readonly name: string;
      readonly status: TaskStatus;
      readonly priority: TaskPriority;
      readonly createdAt: string;
      readonly scheduledFor: string | null;
      readonly startedAt: string | null;
      readonly completedAt: string | null;
      readonly retryCount: number;
      readonly maxRetries: number;
      readonly createdBy: string;
      readonly error: string | null;
      readonly progress: {
        readonly done: number;
        readonly total: number | null;
        readonly note: string | null;
      } | null;
    };
  };
};
export type TaskToldVariables = { after?: string | null };
export const TaskTold =
  'subscription TaskTold($after: ID) { taskChanged(after: $after) { cursor at task { ...TaskLine } } } fragment TaskLine on AutonomousTask { taskId type name status priority createdAt scheduledFor startedAt completedAt retryCount maxRetries createdBy error progress { done total note } }' as Operation<
    TaskToldData,
    TaskToldVariables
  >;

export type TenantsData = {
  readonly tenants: readonly {
    readonly tenantId: string;
    readonly name: string;
    readonly createdAt: string;
    readonly suspendedAt: string | null;
    readonly suspendedReason: string | null;
    readonly turnsPerDay: number | null;
    readonly tasksPerDay: number | null;
    readonly storageBytes: number | null;
    readonly modelCostPerDay: number | null;
    readonly briefsPerDay: number | null;
    readonly intelligenceLevel: TenantLevel | null;
  }[];
};
export type TenantsVariables = Record<string, never>;
export const Tenants =
  'query Tenants { tenants { tenantId name createdAt suspendedAt suspendedReason turnsPerDay tasksPerDay storageBytes modelCostPerDay briefsPerDay intelligenceLevel } }' as Operation<
    TenantsData,
    TenantsVariables
  >;

export type TenantUseData = {
  readonly tenantUsage: readonly {
    readonly day: string;
    readonly turns: number;
    readonly tasks: number;
    readonly tokensIn: number;
    readonly tokensOut: number;
    readonly cost: number | null;
    readonly unknownCosts: number;
  }[];
  readonly tenantStorage: readonly {
    readonly table: string;
    readonly rows: number;
    readonly bytes: number;
  }[];
};
export type TenantUseVariables = { tenantId: string; days: number };
export const TenantUse =
  'query TenantUse($tenantId: String!, $days: Int!) { tenantUsage(tenantId: $tenantId, days: $days) { day turns tasks tokensIn tokensOut cost unknownCosts } tenantStorage(tenantId: $tenantId) { table rows bytes } }' as Operation<
    TenantUseData,
    TenantUseVariables
  >;

export type SuspendTenantData = {
  readonly suspendTenant:
    | {
        readonly __typename: 'InvalidInputError' | 'NotFoundError';
        readonly code: string;
        readonly message: string;
      }
    | { readonly __typename: 'TenantSuccess'; readonly tenant: { readonly suspendedAt: string | null } };
};
export type SuspendTenantVariables = { input: SuspendTenantInput };
export const SuspendTenant =
  'mutation SuspendTenant($input: SuspendTenantInput!) { suspendTenant(input: $input) { __typename ... on TenantSuccess { tenant { suspendedAt } } ... on Error { code message } } }' as Operation<
    SuspendTenantData,
    SuspendTenantVariables
  >;

export type ResumeTenantData = {
  readonly resumeTenant:
    | {
        readonly __typename: 'InvalidInputError' | 'NotFoundError';
        readonly code: string;
        readonly message: string;
      }
    | { readonly __typename: 'TenantSuccess'; readonly tenant: { readonly suspendedAt: string | null } };
};
export type ResumeTenantVariables = { tenantId: string };
export const ResumeTenant =
  'mutation ResumeTenant($tenantId: String!) { resumeTenant(tenantId: $tenantId) { __typename ... on TenantSuccess { tenant { suspendedAt } } ... on Error { code message } } }' as Operation<
    ResumeTenantData,
    ResumeTenantVariables
  >;
