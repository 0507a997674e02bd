import { getTableName } from 'drizzle-orm';
import type { Database } from '../../db/client.ts';
import type { Duty } from '../../db/duty.ts';
import { outdatings, type RetentionDays } from '../../db/retention.ts';
import { BackupPlaceUnusable } from '../backups/errors.ts';
import type { Label } from '../backups/format.ts';
import { cited, day, elsewhere, many } from './citing.ts';
import type { ReportPlace } from './report.ts';
import type { ReportLine } from './tables.ts';

/** Days that a row may stay beyond its retention, which goes once a day. */
export const OVERDUE_DAYS = 2;

/** How long rows of each table are kept, and which are there for longer; of all tenants. */
export async function retentionLines(
  db: Database,
  duties: readonly Duty[],
  days: RetentionDays,
): Promise<ReportLine[]> {
  const dated = new Map(outdatings(duties, days).map((outdating) => [outdating.table, outdating]));
  const limited: ReportLine[] = [];
  const others: string[] = [];
  const until: string[] = [];
  for (const { table, kept } of duties) {
    const name = getTableName(table);
    const outdating = dated.get(name);
    if (outdating) {
      const where = outdating.isOld.replace('$1', String(outdating.days + OVERDUE_DAYS));
      const key = outdating.key ?? 'ctid';
      const found = await cited(db, name, key, where);
      limited.push({
        state: found.rows > 0 ? 'ATTENTION' : 'OK',
        text: `${name}: kept ${many(outdating.days, 'day')}; ${found.rows === 0 ? 'nothing is older' : `${many(found.rows, 'row')} should have gone`}`,
        cites: [found],
      });
    } else if (typeof kept === 'object' && 'until' in kept) until.push(`${name} (${kept.until})`);
    else others.push(name);
  }
  return [
    ...limited,
    {
      state: 'OK',
      text: `Kept until they are deleted: ${others.sort().join(', ')}`,
      cites: [elsewhere('tables', others)],
    },
    {
      state: 'OK',
      text: `Kept until their work is done: ${until.sort().join('; ')}`,
      cites: [elsewhere('tables', until)],
    },
  ];
}

/** The newest backup, the newest that was restored to try it, and those that cannot be. */
export async function backupLines(
  backups: { readonly catalog: { all(): Promise<readonly Label[]> } },
  { until }: ReportPlace,
): Promise<ReportLine[]> {
  let labels: readonly Label[];
  try {
    labels = await backups.catalog.all();
  } catch (error) {
    if (!(error instanceof BackupPlaceUnusable)) throw error;
    return [
      {
        state: 'UNKNOWN',
        text: `Backups cannot be looked at: ${error.message}`,
        cites: [elsewhere('backups')],
      },
    ];
  }
  const [newest] = labels;
  if (!newest) return [{ state: 'ATTENTION', text: 'There is no backup.', cites: [elsewhere('backups')] }];
  const good = labels.find(({ verification }) => verification?.problem === null);
  const damaged = labels.filter(({ verification }) => verification && verification.problem !== null);
  return [
    {
      state: isOlder(newest, until, 26) ? 'ATTENTION' : 'OK',
      text: `Newest of ${labels.length}: ${newest.backupId}, of ${newest.createdAt}, ${newest.rows} rows, encryption: ${newest.encryption}`,
      cites: [elsewhere('backups', [newest.backupId])],
    },
    good?.verification
      ? {
          state: isOlder(good, until, 50) ? 'ATTENTION' : 'OK',
          text: `Newest that was restored to try it: ${good.backupId}, on ${day(new Date(good.verification.at))}, whole`,
          cites: [elsewhere('backups', [good.backupId])],
        }
      : {
          state: 'UNKNOWN',
          text: 'Whether one can be restored: none was tried.',
          cites: [elsewhere('backups', [newest.backupId])],
        },
    ...damaged.map(
      ({ backupId, verification }): ReportLine => ({
        state: 'ATTENTION',
        text: `${backupId} cannot be restored: ${verification?.problem}`,
        cites: [elsewhere('backups', [backupId])],
      }),
    ),
  ];
}

function isOlder({ createdAt }: Label, at: Date, hours: number): boolean {
  return at.getTime() - Date.parse(createdAt) > hours * 3_600_000;
}
