import { type Mutation, one } from './mutation.ts';

/** What happens by itself: slots once, as their schedules say; the archive is its owner's; nothing goes too early. */
export const BY_ITSELF: readonly Mutation[] = [
  one(
    'slots-are-decided-again',
    'domains/schedules/decide.ts',
    [
      'on conflict (schedule, slot_at) do nothing returning',
      'on conflict (schedule, slot_at) do update set state = excluded.state returning',
    ],
    ['schedules'],
    'set back runs no slot twice',
  ),
  one(
    'paused-schedules-run',
    'domains/schedules/outcomes.ts',
    ['if (paused) return', 'if (paused && newest === null) return'],
    ['schedules'],
    'makes no tasks, and what it skipped',
  ),
  one(
    'missed-slots-are-made-up-by-all',
    'domains/schedules/outcomes.ts',
    ["(missed === 'SKIP' && !isOnTime)", '(missed === null && !isOnTime)'],
    ['schedules'],
    'over a stop of three',
  ),
  one(
    'schedules-overlap',
    'domains/schedules/schedules.ts',
    ["if (unfinished !== null) throw new ScheduleBusy('name', unfinished);", ''],
    ['schedules'],
    'whose predecessor is unfinished',
  ),
  one(
    'archiving-takes-turns-of-all-users',
    'domains/interactions/archived.ts',
    ['...(userId === null ? [] : [`i.user_id = $${values.push(userId)}`]),', ''],
    ['archive'],
    'of a user takes the user',
  ),
  {
    name: 'restoring-takes-turns-of-all-users',
    changes: [
      {
        file: 'src/domains/interactions/archived.ts',
        text: 'where conversation_id = $1 and tenant_id = $2 and user_id = $3 order by sequence limit',
        replacement: 'where conversation_id = $1 order by sequence limit',
      },
      {
        file: 'src/domains/interactions/archived.ts',
        text: ') and tenant_id = $2 and user_id = $3 returning *',
        replacement: ') and $2::text is not null and $3::text is not null returning *',
      },
    ],
    tests: ['tests/isolation.test.ts'],
    named: 'nobody else brings it back',
  },
  one(
    'dry-runs-of-retention-delete',
    'domains/retention/retention.ts',
    ['if (dryRun) return countOldEvents(db, before);', ''],
    ['retention'],
    'go when they are old',
  ),
  one(
    'retention-deletes-a-day-early',
    'db/retention.ts',
    ["< now() - $1 * interval '1 day'", "< now() - 0 * $1 * interval '1 day'"],
    ['retention'],
    'finished tasks',
  ),
  one(
    'tasks-of-goals-go',
    'db/retention.ts',
    ['const isKept = kept.unless ?', 'const isKept = kept.unless && !kept ?'],
    ['retention'],
    'finished tasks',
  ),
  one(
    'dead-entries-go-unseen',
    'journal/dead.ts',
    [
      'outdated: `select seq from dead join dead_notes using (seq) where discarded_at < ? order by',
      'outdated: `select seq from dead left join dead_notes using (seq) where coalesce(discarded_at, buried_at) < ? order by',
    ],
    ['dead-entries'],
    'goes with retention',
  ),
  one(
    'dead-entries-stay-when-they-wait-again',
    'journal/dead.ts',
    ['this.forget(seq);\n    return Number(lastInsertRowid);', 'return Number(lastInsertRowid);'],
    ['dead-entries'],
    'are stored once when',
  ),
  one(
    'dead-entries-of-other-tenants',
    'domains/persistence/dead-entries.ts',
    [
      'return scope === null || owner?.tenantId === scope.tenantId;',
      'return scope === null || owner !== null;',
    ],
    ['dead-entries'],
    'is an admin of the tenant',
  ),
  one(
    'dead-entries-of-erased-users-are-stored',
    'domains/persistence/dead-entries.ts',
    [
      'if (first && tombstones.forbids(first, new Date(entry.acceptedAt)))',
      'if (first && tombstones === null)',
    ],
    ['dead-entries'],
    'erased by another server',
  ),
];
