import type { Ports } from '../../ground/ports.ts';
import type { AlertTeller } from '../../ground/promise.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import { providerKeysUnreadable, secretsStale, secretsUnreadable } from './promises.ts';
import { StoredProviderKeys } from './provider-keys.ts';
import { reencrypt } from './rotation.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly providerKeys: StoredProviderKeys;
  }
}

/** Secrets that are stored, and the dangers to secrets wherever they are kept. */
export async function openCredentials(
  { config, log, keepers, db, availability, secrets, sealer, vault, alerts }: Ports & { alerts: AlertTeller },
  closing: ClosingStack,
): Promise<{ providerKeys: StoredProviderKeys }> {
  await availability.prepare(async () => {
    const { done, unreadable } = await reencrypt(db, sealer);
    if (done > 0) log.info({ secrets: done }, 'encrypted anew under the master key');
    if (unreadable > 0)
      alerts.raise(secretsUnreadable, { count: unreadable, hasMasterKey: config.masterKey !== null });
  });
  const providerKeys = new StoredProviderKeys({ db, sealer, secrets, keepers }, availability);
  providerKeys.onLook((names) => alerts.set(providerKeysUnreadable, names.length > 0 ? { names } : null));
  await providerKeys.start();
  vault?.start({ log, keepers }, () => {
    const { trouble } = vault;
    alerts.set(secretsStale, trouble === null ? null : { trouble });
  });
  closing.defer(() => vault?.stop());
  closing.defer(() => providerKeys.stop());
  return { providerKeys };
}
