import { join } from 'node:path';
import { type Access, createAccess } from '../../access/access.ts';
import type { Duty } from '../../db/duty.ts';
import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly access: Access;
  }
}

/** What servers that issue tokens may send us, and how long they may take. */
const PUBLIC_KEYS_LIMITS = { timeoutMs: 5_000, maxBytes: 262_144 };

/**
 * Who may come in. Its end writes what the audit log has not written yet.
 *
 * @param ports.duties of every table, by which rows go whose time is over
 */
export function openPrincipals(
  ports: Ports & { metrics: { countRefusal(code: string): void }; duties: readonly Duty[] },
  closing: ClosingStack,
): { access: Access } {
  const { config, log, keepers, db, availability, outbound, secrets, metrics, duties } = ports;
  const access = createAccess(config.access, {
    ...{ db, availability, log, keepers, duties },
    fetchTo: (url) => outbound.fetcherTo(url, PUBLIC_KEYS_LIMITS),
    secret: (name) => secrets.get(name),
    onRefused: (code) => metrics.countRefusal(code),
    headPath: join(config.dataDirectory, 'audit.seal'),
  });
  closing.defer(() => access.stop());
  return { access };
}
