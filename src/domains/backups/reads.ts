import type { Database } from '../../db/client.ts';
import { onlyRow } from '../../db/statements.ts';

/**
 * Since when there should be a backup, where none is found: the first slot of the schedule behind the last task of the server's own
 * that made one. Null: none has come, or those that did were left out, since somebody had paused it.
 */
export async function dueSince({ pool }: Pick<Database, 'pool'>): Promise<Date | null> {
  const found = await pool.query<{ since: Date | null }>({
    name: 'backups_due_since',
    text: `select min(s.slot_at) as since from schedule_slots s
           where s.schedule = 'backup' and s.state <> 'SKIPPED'
             and s.slot_at > coalesce((select max(t.completed_at) from autonomous_tasks t
               where t.task_type = 'backup' and t.status = 'COMPLETED' and t.user_id is null and t.tenant_id = '*'), '-infinity')`,
  });
  return onlyRow(found).since;
}
