import { type Access, createAccess } from '../../access/access.ts';
import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly access: Access;
  }
}

/** What servers that issue tokens may send us, and how long they may take. */
const PUBLIC_KEYS_LIMITS = { timeoutMs: 5_000, maxBytes: 262_144 };

/** Who may come in. */
export function openPrincipals(ports: Ports, closing: ClosingStack): { access: Access } {
  const { config, log, keepers, db, availability, outbound, secrets } = ports;
  const access = createAccess(config.access, {
    ...{ db, availability, log, keepers },
    fetchTo: (url) => outbound.fetcherTo(url, PUBLIC_KEYS_LIMITS),
    secret: (name) => secrets.get(name),
  });
  closing.defer(() => access.stop());
  return { access };
}
