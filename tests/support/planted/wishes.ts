import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Owner } from '../../../src/access/principals.ts';
import type { Database } from '../../../src/db/client.ts';
import { mapRow, onlyRow, type Page, type RawRow } from '../../../src/db/statements.ts';
import * as input from '../../../src/ground/input.ts';
import { type WishRow, wishes } from './tables.ts';

interface WishServices {
  readonly db: Database;
}

const MakeWish = z.object({ said: input.text(500), dueAt: input.instant.nullish() });

/** Keeps a wish. @throws InvalidInput */
export async function makeWish(
  { db }: WishServices,
  owner: Owner,
  given: z.input<typeof MakeWish>,
): Promise<WishRow> {
  const { said, dueAt = null } = input.parseInput(MakeWish, given);
  const made = await db.transaction((client) =>
    client.query<RawRow>({
      name: 'make_wish',
      text: `insert into wishes (wish_id, tenant_id, user_id, said, due_at) values ($1, $2, $3, $4, $5) returning *`,
      values: [randomUUID(), owner.tenantId, owner.userId, said, dueAt],
    }),
  );
  return mapRow(wishes, onlyRow(made));
}

/** One user's wishes, the newest first. */
export async function wishPage({ db }: WishServices, owner: Owner, page: Page<number>): Promise<WishRow[]> {
  const direction = page.inverted ? 'asc' : 'desc';
  const { rows } = await db.pool.query<RawRow>({
    name: `wish_page_${direction}`,
    text: `select * from wishes where user_id = $1 and tenant_id = $2 and id < $3 and id > $4
           order by id ${direction} limit $5`,
    values: [owner.userId, owner.tenantId, page.after ?? 2_147_483_647, page.before ?? 0, page.limit],
  });
  return rows.map((raw) => mapRow(wishes, raw));
}
