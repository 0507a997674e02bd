import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../../src/access/principals.ts';
import type { Database } from '../../../src/db/client.ts';
import { mapRow, type RawRow } from '../../../src/db/statements.ts';
import * as input from '../../../src/ground/input.ts';
import { type ExportedLine, type Place, sectionOfRows } from '../../../src/ground/section.ts';
import { wishes } from './tables.ts';

const WishLine = z.object({
  kind: z.literal('wish'),
  wishId: z.guid(),
  said: input.text(500),
  dueAt: input.writtenInstant.nullable(),
  madeAt: input.writtenInstant,
});
type WishLine = z.output<typeof WishLine>;

/** Wishes in the order of their ids, which are the same on every server. */
export const wishSection = sectionOfRows<{ readonly db: Database }, WishLine>({
  kind: 'wish',
  schema: WishLine,
  dated: 'madeAt',
  read: exportedWishes,
  restore: restoreWishes,
});

async function exportedWishes(
  { db }: { readonly db: Database },
  owner: Owner,
  { key }: Place,
  limit: number,
): Promise<ExportedLine[]> {
  const { rows } = await db.pool.query<RawRow>({
    name: 'export_wishes',
    text: `select * from wishes where user_id = $1 and tenant_id = $2 and wish_id::text collate "C" > $3
           order by wish_id::text collate "C" limit $4`,
    values: [owner.userId, owner.tenantId, key, limit],
  });
  return rows.map((raw) => {
    const { wishId, said, dueAt, madeAt } = mapRow(wishes, raw);
    const line = JSON.stringify({ kind: 'wish', wishId, said, dueAt, madeAt });
    return { line, after: { key: wishId, number: 0 } };
  });
}

async function restoreWishes(client: PoolClient, owner: Owner, lines: readonly WishLine[]): Promise<number> {
  const { rowCount } = await client.query({
    name: 'restore_wishes',
    text: `insert into wishes (wish_id, tenant_id, user_id, said, due_at, made_at)
           select "wishId", $2, $3, said, "dueAt", "madeAt"
           from json_to_recordset($1) as w("wishId" uuid, said text, "dueAt" timestamptz, "madeAt" timestamptz)
           on conflict (wish_id) do nothing`,
    values: [JSON.stringify(lines), owner.tenantId, owner.userId],
  });
  return rowCount ?? 0;
}
