import { join } from 'node:path';
import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import { AuditLog } from './audit.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly audit: AuditLog;
  }
}

/** The audit log. Its end writes what has not been written yet. */
export function openAudit(
  ports: Ports & { metrics: { countRefusal(code: string): void } },
  closing: ClosingStack,
): { audit: AuditLog } {
  const { config, log, keepers, db, availability, metrics } = ports;
  const { retentionDays } = config.audit;
  const audit = new AuditLog({
    ...{ db, availability, log, keepers, retentionDays },
    onRefused: (code) => metrics.countRefusal(code),
    headPath: join(config.dataDirectory, 'audit.seal'),
  });
  closing.defer(() => audit.stop());
  return { audit };
}
