import { InvalidInput, NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { connect, numberCursor } from '../../graphql/connections.ts';
import type { Context } from '../../graphql/context.ts';
import { endable, follow, RESUME_AFTER, type SubscriptionArguments } from '../../ground/subscriptions.ts';
import { type Alert, activeAlerts, alertPage, asAlert, type StoredAlert, shownAlert } from './alerts.ts';
import { acknowledgeAlert, MAX_SNOOZE_MINUTES, resolveAlert, snoozeAlert } from './changes.ts';
import { alertsById, CHANGES_SHOWN, changesOfAlerts } from './reads.ts';
import { ALERTS_KEPT_DAYS, type AlertChangeKind, type AlertChangeRow, type AlertStatus } from './tables.ts';

export const AlertSeverityEnum = builder.enumType('AlertSeverity', {
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

const AlertStatusEnum = builder.enumType('AlertStatus', {
  description: 'How far people are with a danger.',
  values: {
    OPEN: { description: 'Nobody looks after it: channels are told, one after the other.' },
    ACKNOWLEDGED: { description: 'Somebody looks after it; no further channel is told.' },
    SNOOZED: { description: 'It is left alone until `snoozedUntil`.' },
    RESOLVED: { description: 'It is over.' },
  } satisfies Record<AlertStatus, { description: string }>,
});

const AlertChangeKindEnum = builder.enumType('AlertChangeKind', {
  description: 'What became of a danger.',
  values: {
    RAISED: { description: 'It began.' },
    ACKNOWLEDGED: { description: 'Somebody looks after it.' },
    SNOOZED: { description: 'Somebody left it alone for a while.' },
    WOKEN: { description: 'The while is over, and the danger is not.' },
    ESCALATED: { description: 'Nobody acknowledged it, and a further channel was told.' },
    REOPENED: { description: 'It came back within the cooldown.' },
    RESOLVED: { description: 'It ended, or somebody says that it did.' },
  } satisfies Record<AlertChangeKind, { description: string }>,
});

const AlertChangeRef = builder.objectRef<AlertChangeRow>('AlertChange').implement({
  description: 'Something that became of a danger.',
  fields: (t) => ({
    kind: t.expose('kind', { type: AlertChangeKindEnum, description: 'What.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
    by: t.exposeString('changedBy', {
      nullable: true,
      description: 'Who did it; “(erased)” if they were erased since. Null: the server.',
    }),
    note: t.exposeString('note', { nullable: true, description: 'More, for people; null: nothing.' }),
  }),
});

/** What is stored of an alert; null: nothing yet, or no more, or the database does not answer. */
const stored = async ({ alertId }: Alert, { loader, services }: Context) =>
  alertId === null
    ? null
    : services.availability.tolerate(
        () =>
          loader({
            name: 'alert by id',
            load: (ids: readonly string[]) => alertsById(services.db, ids),
            key: alertId,
          }),
        null,
      );

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
    runbook: t.exposeString('runbook', {
      nullable: true,
      description:
        'Where it says what to do: a page of the repository with an anchor, or a URL. Null: nowhere.',
    }),
    alertId: t.id({
      nullable: true,
      description: `Its id, for \`acknowledgeAlert\` and others; the same from its beginning to its end. Null: it was told of by an earlier version.`,
      resolve: ({ alertId }) => alertId,
    }),
    status: t.field({
      type: AlertStatusEnum,
      nullable: true,
      description: `How far people are with it, whichever server saw it. Null: that is not stored yet, or no more (it is kept for ${ALERTS_KEPT_DAYS} days), or the database does not answer.`,
      resolve: async (alert, _args, context) => (await stored(alert, context))?.status ?? null,
    }),
    snoozedUntil: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Until when it is left alone; null: it is not.',
      resolve: async (alert, _args, context) => (await stored(alert, context))?.snoozedUntil ?? null,
    }),
    told: t.field({
      type: ['String'],
      description: 'Names of the channels that were told of it, the first one first.',
      resolve: async (alert, _args, context) => (await stored(alert, context))?.told ?? [],
    }),
    changes: t.field({
      type: [AlertChangeRef],
      description: `What became of it, oldest first; the latest ${CHANGES_SHOWN}.`,
      complexity: { field: 1, multiplier: 5 },
      resolve: async (alert, _args, context) => {
        const row = await stored(alert, context);
        if (row === null) return [];
        const { loader, services } = context;
        return loader({
          name: 'changes of alerts',
          load: (ids: readonly number[]) => changesOfAlerts(services.db, ids),
          key: row.id,
        });
      },
    }),
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
    description:
      'The dangers that have not ended, oldest first: those that this server sees, and those that other servers on the database see. Without the database it answers with the former.',
    resolve: (_root, _args, { services }) => activeAlerts(services),
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
    yield { cursor, at, alert: asAlert(payload, at) };
  }
}

const AlertSuccess = builder.objectRef<{ alert: Alert }>('AlertSuccess').implement({
  description: 'It is done.',
  fields: (t) => ({ alert: t.expose('alert', { type: AlertRef, description: 'As it is now.' }) }),
});

const AlertResult = builder.errorUnion('AlertResult', {
  description: 'The success of this operation, or one of the failures that a caller may expect.',
  types: [AlertSuccess, InvalidInput, NotFound],
  resolveType: () => 'AlertSuccess',
});

const ID = 'Its id; it must not be over.';

builder.mutationFields((t) => ({
  acknowledgeAlert: t.field({
    type: AlertResult,
    description:
      'Says that somebody looks after an alert: no further channel is told of it. Only for admins of the tenant that runs the server.',
    args: { alertId: t.arg.id({ required: true, description: ID }) },
    resolve: async (_root, { alertId }, { services, principal }) => ({
      alert: shownAlert(await acknowledgeAlert(services, principal, String(alertId))),
    }),
  }),
  snoozeAlert: t.field({
    type: AlertResult,
    description:
      'Leaves an alert alone for a while; then its channels are told of it again, from the first one on. Only for admins of the tenant that runs the server.',
    args: {
      alertId: t.arg.id({ required: true, description: ID }),
      minutes: t.arg.int({ required: true, description: `For how long, 1 to ${MAX_SNOOZE_MINUTES}.` }),
    },
    resolve: async (_root, { alertId, minutes }, { services, principal }) => ({
      alert: shownAlert(await snoozeAlert(services, principal, { alertId: String(alertId), minutes })),
    }),
  }),
  resolveAlert: t.field({
    type: AlertResult,
    description:
      'Ends an alert, such as one that does not end by itself. A danger that a server still sees begins it anew within seconds. Only for admins of the tenant that runs the server.',
    args: { alertId: t.arg.id({ required: true, description: ID }) },
    resolve: async (_root, { alertId }, { services, principal }) => ({
      alert: shownAlert(await resolveAlert(services, principal, String(alertId))),
    }),
  }),
}));
