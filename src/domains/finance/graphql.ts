import { builder, HEAVY } from '../../graphql/builder.ts';
import { RevenueRef } from '../payments/ledger-graphql.ts';
import {
  type ClientFinance,
  type DayOfFinance,
  financeByClient,
  financeByDay,
  financeByTenant,
  MAX_DAYS,
  type Revenue,
  type TenantFinance,
} from './finance.ts';

const costs = {
  modelCost:
    'What models cost, as far as it is known, in the unit of `LLM_PRICES`; null: of nothing that they did it is known, or they did nothing.',
  unknownCosts: 'Answers, texts and verdicts of models of which nobody knows what they cost.',
};
const minor = 'in the smallest unit of the currency';
const sums = {
  currency: 'ISO 4217.',
  gross: `What was paid, ${minor}.`,
  refunded: `What went back, ${minor}.`,
  disputed: `What banks took back, less what came again, ${minor}.`,
  fees: `What Stripe kept, ${minor}.`,
  net: `What is left, ${minor}.`,
};

const DayRef = builder.objectRef<DayOfFinance>('FinanceDay').implement({
  description: 'What one day cost a tenant and brought it, by the rows that are there.',
  fields: (t) => ({
    day: t.exposeString('day', { description: 'The day of UTC, such as 2026-11-29.' }),
    modelCost: t.exposeFloat('modelCost', { nullable: true, description: costs.modelCost }),
    unknownCosts: t.exposeInt('unknownCosts', { description: costs.unknownCosts }),
    revenue: t.field({
      type: [RevenueRef],
      description: 'What Stripe booked, by currency and client; empty: nothing.',
      resolve: ({ revenue }) => [...revenue],
    }),
  }),
});

const ClientRef = builder.objectRef<ClientFinance>('ClientFinance').implement({
  description: 'What some days brought from one client in one currency.',
  fields: (t) => ({
    clientId: t.exposeString('clientId', { nullable: true, description: 'The client; null: none was said.' }),
    currency: t.exposeString('currency', { description: sums.currency }),
    gross: t.exposeFloat('gross', { description: sums.gross }),
    refunded: t.exposeFloat('refunded', { description: sums.refunded }),
    disputed: t.exposeFloat('disputed', { description: sums.disputed }),
    fees: t.exposeFloat('fees', { description: sums.fees }),
    net: t.exposeFloat('net', { description: sums.net }),
  }),
});

const TenantRevenueRef = builder.objectRef<Revenue>('TenantRevenue').implement({
  description: 'What some days brought in one currency.',
  fields: (t) => ({
    currency: t.exposeString('currency', { description: sums.currency }),
    gross: t.exposeFloat('gross', { description: sums.gross }),
    refunded: t.exposeFloat('refunded', { description: sums.refunded }),
    disputed: t.exposeFloat('disputed', { description: sums.disputed }),
    fees: t.exposeFloat('fees', { description: sums.fees }),
    net: t.exposeFloat('net', { description: sums.net }),
  }),
});

const TenantFinanceRef = builder.objectRef<TenantFinance>('TenantFinance').implement({
  description: 'What some days cost a tenant and brought it, by the rows that are there.',
  fields: (t) => ({
    tenantId: t.exposeString('tenantId', { description: 'The tenant.' }),
    modelCost: t.exposeFloat('modelCost', { nullable: true, description: costs.modelCost }),
    unknownCosts: t.exposeInt('unknownCosts', { description: costs.unknownCosts }),
    revenue: t.field({
      type: [TenantRevenueRef],
      description: 'What Stripe booked, by currency; empty: nothing.',
      resolve: ({ revenue }) => [...revenue],
    }),
  }),
});

const ofTenant =
  'The tenant; absent: the caller’s. Only admins of the tenant that runs the server see others.';
const ofDays = `Days, today included: 1 to ${MAX_DAYS}, default 30.`;

builder.queryFields((t) => ({
  financeDays: t.field({
    type: [DayRef],
    description: 'What each of the last days cost a tenant and brought it, the oldest first. For admins.',
    authScopes: { permission: 'ADMIN' },
    extensions: HEAVY,
    complexity: ({ days }) => ({ field: 1, multiplier: Math.min(Math.max(days ?? 30, 1), MAX_DAYS) }),
    args: {
      tenantId: t.arg.string({ description: ofTenant }),
      days: t.arg.int({ description: ofDays }),
    },
    resolve: (_root, args, { services, principal }) => financeByDay(services, principal, args),
  }),
  financeClients: t.field({
    type: [ClientRef],
    description: 'What the last days brought a tenant, by client and currency. For admins.',
    authScopes: { permission: 'ADMIN' },
    complexity: { field: 1, multiplier: 50 },
    args: {
      tenantId: t.arg.string({ description: ofTenant }),
      days: t.arg.int({ description: ofDays }),
    },
    resolve: (_root, args, { services, principal }) => financeByClient(services, principal, args),
  }),
  financeTenants: t.field({
    type: [TenantFinanceRef],
    description:
      'What the last days cost and brought each tenant for which there is something. Only for admins of the tenant that runs the server.',
    authScopes: { permission: 'ADMIN' },
    extensions: HEAVY,
    complexity: { field: 1, multiplier: 50 },
    args: { days: t.arg.int({ description: ofDays }) },
    resolve: (_root, { days }, { services, principal }) => financeByTenant(services, principal, days),
  }),
}));
