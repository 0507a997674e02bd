import { InvalidInput } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { ownerFor } from '../../ground/ownership.ts';
import { PrincipalRef } from '../principals/graphql.ts';
import { type Settings, settingsOf, updateSettings } from './settings.ts';

const UserSettingsRef = builder.objectRef<Settings>('UserSettings').implement({
  description: 'What holds for a user: what they chose, else the defaults of the server.',
  fields: (t) => ({
    userId: t.exposeString('userId', { description: 'Whose settings they are.' }),
    timeZone: t.exposeString('timeZone', {
      description: 'IANA name of the time zone that days are counted in where a request names none.',
    }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When they chose last; null: never.',
    }),
  }),
});

builder.objectField(PrincipalRef, 'timeZone', (t) =>
  t.string({
    description:
      'IANA name of the time zone that their days are counted in: what `updateSettings` chose, else the default of the server.',
    resolve: async ({ tenantId, userId }, _args, { services }) =>
      (await settingsOf(services, { tenantId, userId })).timeZone,
  }),
);

const UpdateSettingsInput = builder.inputType('UpdateSettingsInput', {
  description: 'What to change; what is absent stays as it is.',
  fields: (t) => ({
    timeZone: t.string({
      description:
        'IANA name of a time zone, such as Europe/Berlin; null: back to the default of the server.',
    }),
    userId: t.string({ description: 'Another user, for those who may act for others; absent: the caller.' }),
  }),
});

const UpdateSettingsSuccess = builder.objectRef<Settings>('UpdateSettingsSuccess').implement({
  description: 'The settings are kept.',
  fields: (t) => ({
    settings: t.field({
      type: UserSettingsRef,
      description: 'What holds now.',
      resolve: (settings) => settings,
    }),
  }),
});

builder.mutationField('updateSettings', (t) =>
  t.field({
    type: UpdateSettingsSuccess,
    description: 'Changes what a user chose for themselves.',
    errors: { types: [InvalidInput] },
    args: { input: t.arg({ type: UpdateSettingsInput, required: true, description: 'The changes.' }) },
    resolve: (_root, { input: { userId, ...changes } }, { services, principal }) =>
      updateSettings(services, ownerFor(principal, userId), changes),
  }),
);
