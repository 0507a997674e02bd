import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { mapRow, type RawRow, unseen } from '../../db/statements.ts';
import { saidById, saidRow, type TurnColumns } from '../interactions/reads.ts';
import { type InteractionRow, interactions } from '../interactions/tables.ts';
import { LOOKED_AT, type PooledTurn } from './pool.ts';

/** Turns of the pool as they are shown, by id. Of who said what nothing is read again where their texts were read to the end. */
export async function shownTurns(
  db: Database,
  owner: Owner,
  turns: readonly PooledTurn[],
  columns: TurnColumns,
): Promise<Map<number, InteractionRow>> {
  if (columns === 'all')
    return turnsById(
      db,
      owner,
      turns.map(({ id }) => id),
    );
  const isCut = ({ query, response }: PooledTurn) =>
    query.length >= LOOKED_AT || response.length >= LOOKED_AT;
  const cut = turns.filter(isCut).map(({ id }) => id);
  const read = cut.length > 0 ? await saidById(db, owner, cut) : new Map<number, InteractionRow>();
  for (const turn of turns) if (!isCut(turn)) read.set(turn.id, saidRow({ ...turn, userId: owner.userId }));
  return read;
}

/** Whole turns by id; those of the owner only. */
async function turnsById(
  db: Database,
  owner: Owner,
  ids: readonly number[],
): Promise<Map<number, InteractionRow>> {
  const { rows } = await db.pool.query<RawRow & { id: number }>({
    name: replicable('memories_by_id'),
    text: `select * from echo_unified_interactions where id = any(${unseen('$3', 'int[]')}) and user_id = $1 and tenant_id = $2`,
    values: [owner.userId, owner.tenantId, ids],
  });
  return new Map(rows.map((raw) => [raw.id, mapRow(interactions, raw)]));
}
