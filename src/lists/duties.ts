import { duties as access } from '../access/tables.ts';
import type { Duty } from '../db/duty.ts';
import { duties as database } from '../db/identity-tables.ts';
import { duties as alerts } from '../domains/alerts/tables.ts';
import { duties as audit } from '../domains/audit/tables.ts';
import { duties as briefs } from '../domains/briefs/tables.ts';
import { duties as characters } from '../domains/characters/tables.ts';
import { duties as compliance } from '../domains/compliance/tables.ts';
import { duties as conversations } from '../domains/conversations/tables.ts';
import { duties as credentials } from '../domains/credentials/tables.ts';
import { duties as deliveries } from '../domains/deliveries/tables.ts';
import { duties as factVectors } from '../domains/fact-vectors/tables.ts';
import { duties as facts } from '../domains/facts/tables.ts';
import { duties as flags } from '../domains/flags/tables.ts';
import { duties as generations } from '../domains/generations/tables.ts';
import { duties as goals } from '../domains/goals/tables.ts';
import { duties as interactions } from '../domains/interactions/tables.ts';
import { duties as learning } from '../domains/learning/tables.ts';
import { duties as mediaInsights } from '../domains/media-insights/tables.ts';
import { duties as metrics } from '../domains/metrics/tables.ts';
import { duties as notion } from '../domains/notion/tables.ts';
import { duties as partners } from '../domains/partners/tables.ts';
import { duties as disputes } from '../domains/payments/dispute-tables.ts';
import { duties as invoices } from '../domains/payments/invoice-tables.ts';
import { duties as ledger } from '../domains/payments/ledger-tables.ts';
import { duties as payments } from '../domains/payments/tables.ts';
import { duties as payouts } from '../domains/payouts/tables.ts';
import { duties as journals } from '../domains/persistence/tables.ts';
import { duties as privacy } from '../domains/privacy/tables.ts';

import { duties as projects } from '../domains/projects/tables.ts';
import { duties as repairs } from '../domains/repairs/tables.ts';

import { duties as schedules } from '../domains/schedules/tables.ts';

import { duties as settings } from '../domains/settings/tables.ts';
import { duties as tasks } from '../domains/tasks/tables.ts';
import { duties as tenants } from '../domains/tenants/tables.ts';
import { duties as vectorIndex } from '../domains/vector-index/tables.ts';
import { duties as webhooks } from '../domains/webhooks/tables.ts';
import { duties as wordIndex } from '../domains/word-index/tables.ts';
import { duties as events } from '../events/tables.ts';

/** What every table owes, each as it stands beside its table. */
export const DUTIES: readonly Duty[] = [
  ...conversations,
  ...interactions,
  ...events,
  ...access,
  ...audit,
  ...alerts,
  ...credentials,
  ...settings,
  ...characters,
  ...wordIndex,
  ...vectorIndex,
  ...privacy,
  ...mediaInsights,
  ...generations,
  ...projects,
  ...briefs,
  ...payments,
  ...invoices,
  ...disputes,
  ...ledger,
  ...goals,
  ...facts,
  ...factVectors,
  ...learning,
  ...tasks,
  ...repairs,
  ...schedules,
  ...flags,
  ...compliance,
  ...tenants,
  ...partners,
  ...payouts,
  ...deliveries,
  // Behind the tasks: a page that is made of one while it is erased is seen by then.
  ...notion,
  ...webhooks,
  ...metrics,
  ...journals,
  ...database,
];
