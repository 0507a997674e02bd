export { apiKeys, rateLimits, revokedTokens } from '../access/tables.ts';
export { databaseIdentity } from '../db/identity-tables.ts';
export { alertChanges, alertSightings, alerts } from '../domains/alerts/tables.ts';
export { auditLog, auditNames, auditSeals } from '../domains/audit/tables.ts';
export { briefAttempts, briefs } from '../domains/briefs/tables.ts';
export {
  characterCardFiles,
  characterCards,
  characterChanges,
  characters,
} from '../domains/characters/tables.ts';
export { accessReviews, complianceReports, dataRequests } from '../domains/compliance/tables.ts';
export { conversations, deletedTurns } from '../domains/conversations/tables.ts';
export { authenticators, credentials } from '../domains/credentials/tables.ts';
export { deliveries, deliveryTargets } from '../domains/deliveries/tables.ts';
export { factVectors } from '../domains/fact-vectors/tables.ts';
export { factChanges, factSources, learnedFacts } from '../domains/facts/tables.ts';
export { featureFlags, featureFlagUsers } from '../domains/flags/tables.ts';
export { generations, ratings, styleLearning } from '../domains/generations/tables.ts';
export { goalMoves, goals } from '../domains/goals/tables.ts';
export { interactions } from '../domains/interactions/tables.ts';
export { learningRefusals, learningRuns } from '../domains/learning/tables.ts';
export { mediaFiles, mediaInsights, mediaPairs } from '../domains/media-insights/tables.ts';
export { metricHours, metricMinutes } from '../domains/metrics/tables.ts';
export { notionPace, notionPages, notionRefusals, notionSources } from '../domains/notion/tables.ts';
export { businessPeople, parties, partyKeys, referralCodes, referrals } from '../domains/partners/tables.ts';
export { disputes } from '../domains/payments/dispute-tables.ts';
export { invoices, refunds } from '../domains/payments/invoice-tables.ts';
export { differences, ledger, stripeEvents } from '../domains/payments/ledger-tables.ts';
export { customers, people, records } from '../domains/payments/tables.ts';
export { payoutEntries, payoutReports } from '../domains/payouts/tables.ts';
export { journals } from '../domains/persistence/tables.ts';
export { erasures } from '../domains/privacy/tables.ts';

export { assemblies, bindings, decisions, projects, segments } from '../domains/projects/tables.ts';
export { repairActions, restartCooldowns } from '../domains/repairs/tables.ts';

export { scheduleSlots, schedules } from '../domains/schedules/tables.ts';

export { userSettings } from '../domains/settings/tables.ts';
export { autonomousTasks, taskAttempts, taskSteps } from '../domains/tasks/tables.ts';
export { tenants } from '../domains/tenants/tables.ts';
export { vectorLeases } from '../domains/vector-index/tables.ts';
export { webhooks } from '../domains/webhooks/tables.ts';
export {
  indexDocuments,
  indexOwners,
  indexPostings,
  indexQueue,
  indexRemovals,
  indexSegments,
} from '../domains/word-index/tables.ts';
export { events, eventsPruned } from '../events/tables.ts';
