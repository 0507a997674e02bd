import { join } from 'node:path';
import type { Duty } from '../../db/duty.ts';
import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import { AuditLog } from './audit.ts';
import { createRetention } from './retention.ts';

declare module '../../graphql/context.ts' {
  interface Services {
    readonly audit: AuditLog;
  }
}

/**
 * The audit log, and who deletes what is beyond its retention. Its end writes what has not been written yet.
 *
 * @param ports.duties of every table, by which rows go whose time is over
 */
export function openAudit(
  ports: Ports & { metrics: { countRefusal(code: string): void }; duties: readonly Duty[] },
  closing: ClosingStack,
): { audit: AuditLog } {
  const { config, log, keepers, db, availability, metrics, duties } = ports;
  const { retentionDays } = config.audit;
  const audit = new AuditLog({
    ...{ db, availability, log, keepers, retentionDays },
    onRefused: (code) => metrics.countRefusal(code),
    headPath: join(config.dataDirectory, 'audit.seal'),
  });
  closing.defer(() => audit.stop());
  const days = { AUDIT_RETENTION_DAYS: retentionDays, TASKS_RETENTION_DAYS: config.tasksRetentionDays };
  const retention = createRetention({ db, availability, keepers, duties, days, audit });
  retention.start();
  // Not only in a day: a server may never live that long.
  retention.wake();
  closing.defer(() => retention.stop());
  return { audit };
}
