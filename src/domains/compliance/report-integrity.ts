import type { Database } from '../../db/client.ts';
import { cited, elsewhere, literal, many } from './citing.ts';
import type { ComplianceReport } from './compliance.ts';
import type { ReportPlace } from './report.ts';
import type { ReportLine } from './tables.ts';

/** What the check of chains and triggers came to, of which each tenant is told what is theirs. */
export async function integrityLines(
  db: Database,
  { audit, triggers, chains, keys }: ComplianceReport,
  { tenantId }: ReportPlace,
): Promise<ReportLine[]> {
  const broken = audit.broken.length === 0 ? 'false' : `id in (${audit.broken.map(Number).join(', ')})`;
  const ofTenant = `tenant_id = ${literal(tenantId)}`;
  const damaged = await cited(
    db,
    'echo_conversations',
    'id',
    `${ofTenant} and id in (${[...chains.damaged.map(Number), 0].join(', ')})`,
  );
  const late = await cited(
    db,
    'echo_api_keys',
    'id',
    `${ofTenant} and last_used_at > expires_at + interval '2 minutes'`,
  );
  const state = (isBad: boolean) => (isBad ? 'ATTENTION' : 'OK');
  return [
    {
      state: state(audit.broken.length > 0),
      text: `Audit log: ${many(audit.seals, 'seal')} over ${many(audit.rows, 'row')}; ${audit.broken.length} do not fit`,
      cites: [await cited(db, 'echo_audit_seals', 'id', broken), elsewhere('verifyAudit')],
    },
    {
      state: state(audit.wrongNames > 0),
      text: `Names of the audit log that do not fit their pseudonyms: ${audit.wrongNames}`,
      cites: [elsewhere('verifyAudit')],
    },
    {
      state: state(triggers.missing.length > 0),
      text: `Triggers of the audit log: ${triggers.expected} expected, missing or off: ${triggers.missing.join('; ') || 'none'}`,
      cites: [elsewhere('pg_trigger', triggers.missing)],
    },
    {
      state: state(damaged.rows > 0),
      text: `Chains of turns: ${many(chains.conversations, 'conversation')} of all tenants looked at${
        chains.goesOnAfter === 0 ? '' : ', the next check goes on behind them'
      }; of this tenant ${damaged.rows} do not fit`,
      cites: [damaged],
    },
    {
      state: state(late.rows > 0),
      text: `Keys used after they had expired: ${late.rows} (of all tenants ${keys.usedAfterExpiry})`,
      cites: [late],
    },
  ];
}
