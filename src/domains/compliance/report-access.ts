import type { Database } from '../../db/client.ts';
import { bounded, cited, day, daysBetween, elsewhere, literal, many } from './citing.ts';
import type { ReportPlace } from './report.ts';
import type { ReportLine } from './tables.ts';

/** What says who may come in. */
export interface AccessSettings {
  readonly access: {
    readonly required: boolean;
    readonly tokens: { readonly issuer: string } | null;
  };
  readonly complianceReport: { readonly reviewDays: number; readonly unusedDays: number };
}

interface UsableKey {
  readonly id: number;
  readonly keyId: string;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly reviewedAt: Date | null;
}

const HOME = 'default';

/** What opens the door, for whom, and which of it nobody looked at or used for long. */
export async function accessLines(
  db: Database,
  config: AccessSettings,
  /** Whether the operator's key is set. */
  hasOperatorKey: boolean,
  place: ReportPlace,
): Promise<{ readonly access: ReportLine[]; readonly unused: ReportLine[] }> {
  const keys = await usableKeys(db, place);
  const where = `tenant_id = ${literal(place.tenantId)} and ${usable(literal(place.until))}`;
  const all = await cited(db, 'echo_api_keys', 'id', where);
  const { reviewDays, unusedDays } = config.complianceReport;
  const reviewed = await Promise.all(keys.map((key) => reviewLine(db, key, reviewDays, place)));
  const idle = keys.filter((key) => daysBetween(key.lastUsedAt ?? key.createdAt, place.until) >= unusedDays);
  const unused = await Promise.all(idle.map((key) => unusedLine(db, key, place)));
  return {
    access: [
      ...(keys.length > 0
        ? bounded(reviewed, all)
        : [{ state: 'OK' as const, text: 'No key of this tenant is usable.', cites: [all] }]),
      ...beside(config, hasOperatorKey, place),
    ],
    unused: [
      ...bounded(unused, all),
      ...(unused.length === 0
        ? [
            {
              state: 'OK' as const,
              text: `Each of ${many(keys.length, 'usable key')} was used or made within ${unusedDays} days.`,
              cites: [all],
            },
          ]
        : []),
      ...(hasOperatorKey && place.tenantId === HOME
        ? [
            {
              state: 'UNKNOWN' as const,
              text: 'When API_KEY was used last is not kept.',
              cites: [elsewhere('setting API_KEY')],
            },
          ]
        : []),
    ],
  };
}

const usable = (at: string) =>
  `revoked_at is null and (expires_at is null or expires_at > ${at}) and created_at < ${at}`;

async function usableKeys({ pool }: Database, { tenantId, until }: ReportPlace): Promise<UsableKey[]> {
  const { rows } = await pool.query<UsableKey>({
    name: 'keys_to_report',
    text: `select k.id, k.key_id as "keyId", k.roles, k.permissions, k.created_at as "createdAt", k.expires_at as "expiresAt",
             k.last_used_at as "lastUsedAt",
             (select max(r.reviewed_at) from access_reviews r where r.key_id = k.key_id and r.tenant_id = k.tenant_id) as "reviewedAt"
           from echo_api_keys k
           where k.tenant_id = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2) and k.created_at < $2
           order by 'ADMIN' = any(k.roles) desc, k.id`,
    values: [tenantId, until],
  });
  return rows;
}

async function reviewLine(
  db: Database,
  key: UsableKey,
  days: number,
  { until }: ReportPlace,
): Promise<ReportLine> {
  const { id, keyId, roles, permissions, createdAt, expiresAt, reviewedAt } = key;
  // A new key was looked at by whoever made it.
  const isOld = daysBetween(reviewedAt ?? createdAt, until) >= days;
  const seen = reviewedAt ? `reviewed ${day(reviewedAt)}` : `made ${day(createdAt)}, never reviewed`;
  return {
    state: isOld ? 'ATTENTION' : 'OK',
    keyId,
    text: `Key echo_${keyId}: ${roles.join(', ')} may ${permissions.join(', ')}, ${
      expiresAt ? `until ${day(expiresAt)}` : 'without an end'
    }; ${seen}${isOld ? `, which is to be done every ${days} days` : ''}`,
    cites: [
      await cited(db, 'echo_api_keys', 'id', `id = ${id}`),
      ...(reviewedAt ? [await cited(db, 'access_reviews', 'id', `key_id = ${literal(keyId)}`)] : []),
    ],
  };
}

async function unusedLine(db: Database, key: UsableKey, { until }: ReportPlace): Promise<ReportLine> {
  const { id, keyId, lastUsedAt, createdAt } = key;
  return {
    state: 'ATTENTION',
    keyId,
    text: `Key echo_${keyId}: ${
      lastUsedAt ? `not used since ${day(lastUsedAt)}` : `made ${day(createdAt)} and never used`
    }, ${many(daysBetween(lastUsedAt ?? createdAt, until), 'day')}; revokeApiKey ends it`,
    cites: [await cited(db, 'echo_api_keys', 'id', `id = ${id}`)],
  };
}

/** What opens the door and stands in no table. */
function beside(config: AccessSettings, hasOperatorKey: boolean, { tenantId }: ReportPlace): ReportLine[] {
  const { required, tokens } = config.access;
  const lines: ReportLine[] = [];
  if (!required && tenantId === HOME)
    lines.push({
      state: 'ATTENTION',
      text: 'Access control is off: every program of this machine is an admin.',
      cites: [elsewhere('setting AUTH')],
    });
  if (hasOperatorKey && tenantId === HOME)
    lines.push({
      state: 'UNKNOWN',
      text: 'API_KEY opens everything as the admin `default`; who has it is not known here.',
      cites: [elsewhere('setting API_KEY')],
    });
  if (tokens)
    lines.push({
      state: 'UNKNOWN',
      text: 'Tokens are given out by the identity provider (JWT_ISSUER), which says roles and permissions; who has some is not known here. Review it there.',
      cites: [elsewhere('setting JWT_ISSUER')],
    });
  return lines;
}
