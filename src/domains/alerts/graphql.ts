import { builder } from '../../graphql/builder.ts';
import { connect, numberCursor } from '../../graphql/connections.ts';
import type { Context } from '../../graphql/context.ts';
import { endable, follow, RESUME_AFTER, type SubscriptionArguments } from '../../ground/subscriptions.ts';
import { type Alert, alertPage, type StoredAlert } from './alerts.ts';

const AlertSeverityEnum = builder.enumType('AlertSeverity', {
  description: 'How bad a danger is.',
  values: {
    WARNING: { description: 'A promise is kept, but with less margin.' },
    CRITICAL: { description: 'A promise is in danger.' },
  } as const,
});

const AlertStateEnum = builder.enumType('AlertState', {
  description: 'Whether a danger began or ended.',
  values: { RAISED: { description: 'It began.' }, CLEARED: { description: 'It ended.' } } as const,
});

export const AlertRef = builder.objectRef<Alert>('Alert').implement({
  description: 'A danger to one of the promises began or ended.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Which danger, such as database_down.' }),
    severity: t.field({
      type: AlertSeverityEnum,
      description: 'How bad it is.',
      resolve: (alert) => alert.severity,
    }),
    state: t.field({
      type: AlertStateEnum,
      description: 'Whether it began or ended.',
      resolve: (alert) => alert.state,
    }),
    message: t.exposeString('message', { description: 'More, for people.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
  }),
});

const newest = numberCursor<StoredAlert>((alert) => alert.id);

builder.queryFields((t) => ({
  alerts: t.connection(
    {
      authScopes: { permission: 'METRICS' },
      type: AlertRef,
      description: 'What was raised and cleared, newest first.',
      resolve: (_root, args, { services }) => connect(args, newest, (page) => alertPage(services.db, page)),
    },
    { name: 'AlertConnection' },
    { name: 'AlertEdge' },
  ),
  activeAlerts: t.field({
    authScopes: { permission: 'METRICS' },
    type: [AlertRef],
    description: 'The dangers that have not ended, oldest first. Answers without the database.',
    resolve: (_root, _args, { services }) => [...services.alerts.active],
  }),
}));

const AlertRaised = builder.objectRef<{ cursor: string; at: Date; alert: Alert }>('AlertRaised').implement({
  description: 'A danger began or ended.',
  fields: (t) => ({
    cursor: t.exposeID('cursor', { description: 'Resume after this event with the argument `after`.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
    alert: t.expose('alert', { type: AlertRef, description: 'The danger.' }),
  }),
});

builder.subscriptionField('alerts', (t) =>
  t.field({
    authScopes: { permission: 'METRICS' },
    type: AlertRaised,
    description: 'Dangers as they begin and end; told at once, even while the database is away.',
    args: {
      after: t.arg.id({
        description: RESUME_AFTER,
      }),
    },
    subscribe: (_root, args, ctx) => endable((signal) => raisedAlerts(ctx, args, signal)),
    resolve: (raised) => raised,
  }),
);

async function* raisedAlerts(
  { services, principal, onOverflow }: Context,
  args: SubscriptionArguments,
  signal: AbortSignal,
) {
  for await (const { cursor, at, payload } of follow(services.events, principal, 'alert', args, {
    signal,
    onOverflow,
  })) {
    yield { cursor, at, alert: { ...(payload as unknown as Omit<Alert, 'at'>), at } };
  }
}
