import { join } from 'node:path';
import type { Duty } from '../../db/duty.ts';
import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import { AuditLog } from './audit.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly audit: AuditLog;
  }
}

/**
 * The audit log. Its end writes what has not been written yet.
 *
 * @param ports.duties of every table, by which rows go whose time is over
 */
export function openAudit(
  ports: Ports & { metrics: { countRefusal(code: string): void }; duties: readonly Duty[] },
  closing: ClosingStack,
): { audit: AuditLog } {
  const { config, log, keepers, db, availability, metrics, duties } = ports;
  const audit = new AuditLog({
    ...{ db, availability, log, keepers, duties },
    retentionDays: config.audit.retentionDays,
    onRefused: (code) => metrics.countRefusal(code),
    headPath: join(config.dataDirectory, 'audit.seal'),
  });
  closing.defer(() => audit.stop());
  return { audit };
}
