import type { Principal } from '../../access/principals.ts';
import { type FlagRow, WHOLE } from './tables.ts';

/** For whom a flag is looked at. */
export type FlagSubject = Pick<Principal, 'tenantId' | 'userId' | 'roles'>;

/** A flag in the form that it is looked at in. */
export interface Flag {
  readonly enabled: boolean;
  readonly share: number;
  readonly tenants: ReadonlySet<string>;
  readonly roles: ReadonlySet<string>;
  /** Of those for whom it is on by name, by tenant. */
  readonly users: ReadonlyMap<string, ReadonlySet<string>>;
  /** Milliseconds; infinite: never. */
  readonly expiresAt: number;
  /** The hash of its key, which each user's place begins with. */
  readonly seed: number;
}

/** Why a flag is as it is for somebody. */
export const FLAG_REASONS = [
  'UNKNOWN',
  'OFF',
  'EXPIRED',
  'USER',
  'TENANT',
  'ROLE',
  'WITHIN_SHARE',
  'OUTSIDE_SHARE',
] as const;
export type FlagReason = (typeof FLAG_REASONS)[number];

export interface FlagEvaluation {
  readonly enabled: boolean;
  readonly reason: FlagReason;
}

const OUTCOMES: Readonly<Record<FlagReason, FlagEvaluation>> = {
  UNKNOWN: { enabled: false, reason: 'UNKNOWN' },
  OFF: { enabled: false, reason: 'OFF' },
  EXPIRED: { enabled: false, reason: 'EXPIRED' },
  USER: { enabled: true, reason: 'USER' },
  TENANT: { enabled: true, reason: 'TENANT' },
  ROLE: { enabled: true, reason: 'ROLE' },
  WITHIN_SHARE: { enabled: true, reason: 'WITHIN_SHARE' },
  OUTSIDE_SHARE: { enabled: false, reason: 'OUTSIDE_SHARE' },
};

/** @param users for whom it is on by name */
export function flagOf(row: FlagRow, users: readonly Pick<Principal, 'tenantId' | 'userId'>[]): Flag {
  const byTenant = new Map<string, Set<string>>();
  for (const { tenantId, userId } of users)
    byTenant.set(tenantId, (byTenant.get(tenantId) ?? new Set()).add(userId));
  return {
    enabled: row.enabled,
    share: row.share,
    tenants: new Set(row.tenants),
    roles: new Set(row.roles),
    users: byTenant,
    expiresAt: row.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY,
    seed: hashed(0x811c9dc5, row.key),
  };
}

/**
 * Whether a flag is on for somebody. Those who are named come first: users, then tenants, then roles; of all others the
 * share, in which each has a place of their own that neither time nor server changes, so that a share that grows takes
 * nobody out. Allocates nothing.
 *
 * @param flag undefined: there is none
 * @param now milliseconds
 */
export function evaluateFlag(flag: Flag | undefined, subject: FlagSubject, now: number): FlagEvaluation {
  if (flag === undefined) return OUTCOMES.UNKNOWN;
  if (!flag.enabled) return OUTCOMES.OFF;
  if (now >= flag.expiresAt) return OUTCOMES.EXPIRED;
  if (flag.users.get(subject.tenantId)?.has(subject.userId)) return OUTCOMES.USER;
  if (flag.tenants.has(subject.tenantId)) return OUTCOMES.TENANT;
  for (const role of subject.roles) if (flag.roles.has(role)) return OUTCOMES.ROLE;
  return placeOf(flag, subject) < flag.share ? OUTCOMES.WITHIN_SHARE : OUTCOMES.OUTSIDE_SHARE;
}

/** Where in the whole somebody stands: 0 to below `WHOLE`, evenly spread and another for each flag. */
function placeOf({ seed }: Flag, { tenantId, userId }: FlagSubject): number {
  let hash = hashed(step(hashed(step(seed, 0), tenantId), 0), userId);
  // FNV leaves the high bits of short texts alike; the end of MurmurHash3 mixes them.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return Math.floor((((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000) * WHOLE);
}

/** FNV-1a over UTF-16 units. */
function hashed(from: number, text: string): number {
  let hash = from;
  for (let at = 0; at < text.length; at++) hash = step(hash, text.charCodeAt(at));
  return hash;
}

function step(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193);
}
