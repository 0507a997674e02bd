import { defineAlert, definePromise } from '../../ground/promise.ts';

export const secretsUnreadable = defineAlert<{ count: number; hasMasterKey: boolean }>({
  name: 'secrets_unreadable',
  severity: 'WARNING',
  words: 'Stored secrets cannot be opened: their master key is missing.',
  message: ({ count, hasMasterKey }) =>
    hasMasterKey
      ? `${count} stored secrets were encrypted with another master key; set MASTER_KEY_PREVIOUS to it`
      : `${count} stored credentials and authenticators cannot be opened without their MASTER_KEY`,
});
export const providerKeysUnreadable = defineAlert<{ names: readonly string[] }>({
  name: 'provider_keys_unreadable',
  severity: 'WARNING',
  words: 'Stored keys of model providers cannot be opened with this master key.',
  message: ({ names }) => `${names.join(', ')} cannot be opened with this master key; the last values hold`,
});
export const secretsStale = defineAlert<{ trouble: string }>({
  name: 'secrets_stale',
  severity: 'WARNING',
  words: 'Vault does not give its secrets.',
  message: ({ trouble }) => `secrets in Vault cannot be read (${trouble}); the last ones hold`,
});

export const secrets = definePromise<unknown>({
  name: 'secrets',
  words: 'Stored secrets can be opened, and those of Vault are the newest.',
  told: [secretsUnreadable, providerKeysUnreadable, secretsStale],
});
