import type { ActivityNotes } from '../../ground/activity.ts';
import type { Outcome } from './outcomes.ts';

/** Tells of slots that made no task. */
export function noteSlots(activity: ActivityNotes, name: string, outcomes: readonly Outcome[]): void {
  const missed = outcomes.filter(({ state }) => state === 'MISSED');
  const skipped = outcomes.filter(({ state }) => state === 'SKIPPED');
  const latest = missed.at(-1);
  if (latest) {
    const message = `${name}: ${missed.length} missed, the latest ${latest.slotAt.toISOString()}: ${latest.note}`;
    activity.note({ kind: 'slot_missed', subject: name, message, level: 'WARNING' });
  }
  const last = skipped.at(-1);
  if (last) {
    const message = `${name}: ${skipped.length} skipped, the latest ${last.slotAt.toISOString()}: ${last.note}`;
    activity.note({ kind: 'slot_skipped', subject: name, message, level: 'INFO' });
  }
}
