import { getTableName } from 'drizzle-orm';
import type { Pool } from 'pg';
import type { Duty, RetentionSetting } from './duty.ts';

/** Rows that one statement deletes. */
const BATCH = 5_000;

/** Deletes what is older than the duties of the tables say that it is kept, in statements of some rows each. */
export async function deleteOutdated(
  pool: Pick<Pool, 'query'>,
  duties: readonly Duty[],
  settings: Readonly<Record<RetentionSetting, number>>,
): Promise<void> {
  for (const duty of duties) {
    const { kept } = duty;
    if (typeof kept !== 'object' || !('past' in kept)) continue;
    const name = getTableName(duty.table);
    const days = 'days' in kept ? kept.days : settings[kept.setting];
    const isOld = `"${kept.past.name}" < now() - $1 * interval '1 day'`;
    const key = kept.inOrderOf?.name;
    const oldest = key
      ? `"${key}" in (select "${key}" from "${name}" order by "${key}" limit ${BATCH})`
      : `ctid = any(array(select ctid from "${name}" where ${isOld} limit ${BATCH}))`;
    for (let gone = BATCH; gone === BATCH; ) {
      const { rowCount } = await pool.query({
        name: `delete_outdated_${name}`,
        // Said of the row itself, too: it may have got more time since it was chosen.
        text: `delete from "${name}" where ${oldest} and ${isOld}`,
        values: [days],
      });
      gone = rowCount ?? 0;
    }
  }
}
