import type { Availability } from '../../db/availability.ts';
import { type Bound, defineAlert, definePromise, type Standing } from '../../ground/promise.ts';
import type { BackupDesk } from './desk.ts';
import type { Label } from './format.ts';

interface Parts {
  readonly availability: Availability;
  readonly backups: BackupDesk;
}

const HOUR_SECONDS = 3_600;
const AGE: Bound = { of: 'age of the newest backup', limit: 26 * HOUR_SECONDS, unit: 'seconds' };
const VERIFIED: Bound = {
  of: 'age of the newest backup that was restored to try it',
  limit: 50 * HOUR_SECONDS,
  unit: 'seconds',
};

const backupsMissing = defineAlert<string>({
  name: 'backups_missing',
  severity: 'CRITICAL',
  words: 'There is no new backup, none that was restored to try it, or one that cannot be restored.',
  message: (detail) => detail,
});

export const backups = definePromise<Parts>({
  name: 'backups',
  words: 'Every day there is a backup, and it was restored to see that this can be done.',
  bounds: [AGE, VERIFIED],
  check: checkBackups,
  alert: backupsMissing,
  figures: [
    {
      name: 'echo_backup_age_seconds',
      words: 'Age of the newest backup',
      read: (parts) => ageOf(newest(parts), parts),
    },
    {
      name: 'echo_backup_verified_age_seconds',
      words: 'Age of the newest backup that was restored to try it, and was whole',
      read: (parts) => ageOf(newestVerified(parts), parts),
    },
    {
      name: 'echo_backup_bytes',
      words: 'Size of the newest backup',
      read: (parts) => newest(parts)?.bytes ?? null,
    },
  ],
});

function checkBackups(parts: Parts): Standing | null {
  const { known } = parts.backups;
  if (!known) return null;
  const [latest] = known.labels;
  const never = latest ? null : secondsSince(known.dueSince, parts);
  // A server that made none and should not have yet is a new one, or one whose operator has paused the schedule: `backups` shows that.
  if (!latest && known.problem === null && (never === null || never <= AGE.limit)) return null;
  const problems = [
    ...(known.problem === null ? [] : [known.problem]),
    ...(latest === undefined && never !== null
      ? [`there is none, and the first should have been made ${Math.round(never / HOUR_SECONDS)} hours ago`]
      : late(latest, parts, AGE)),
    // While none was restored yet, it counts from the first that could have been: the very first is being restored just now.
    ...(latest ? late(newestVerified(parts) ?? known.labels.at(-1), parts, VERIFIED) : []),
    ...(latest?.verification?.problem
      ? [`the newest, ${latest.backupId}, cannot be restored: ${latest.verification.problem}`]
      : []),
  ];
  const latestWords = latest ? `newest ${latest.backupId}` : 'none';
  return {
    status: problems.length > 0 ? 'DEGRADED' : 'HEALTHY',
    latencyMs: null,
    detail: problems.join('; ') || latestWords,
    plainDetail: problems.length > 0 ? `${problems.length} problems` : latestWords,
  };
}

function late(label: Label | null | undefined, parts: Parts, { of, limit }: Bound): string[] {
  const age = ageOf(label ?? null, parts);
  if (age === null) return [`there is none to tell the ${of}`];
  if (age <= limit) return [];
  return [`${of}: ${Math.round(age / HOUR_SECONDS)} hours, and ${limit / HOUR_SECONDS} are promised`];
}

function newest({ backups: desk }: Parts): Label | null {
  return desk.known?.labels[0] ?? null;
}

function newestVerified({ backups: desk }: Parts): Label | null {
  return desk.known?.labels.find(({ verification }) => verification?.problem === null) ?? null;
}

function ageOf(label: Label | null, parts: Parts): number | null {
  return secondsSince(label && new Date(label.createdAt), parts);
}

function secondsSince(at: Date | null, { backups: desk }: Parts): number | null {
  return at && Math.max(0, (desk.now().getTime() - at.getTime()) / 1_000);
}
