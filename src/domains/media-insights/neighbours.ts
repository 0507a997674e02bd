import type { Pool, PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { replicable } from '../../db/replicable.ts';
import { bandValues } from './bands.ts';

/** A picture to which others are compared. */
export interface HashedPicture {
  /** The number of its row. */
  readonly id: number;
  readonly bits: bigint;
}

/** A picture that looks like another. */
export interface Neighbour {
  readonly id: number;
  /** Bits in which the perceptual hashes differ. */
  readonly distance: number;
}

interface Reach {
  /** 0 to MAX_DISTANCE. */
  readonly maxDistance: number;
  /** Of one picture. */
  readonly limit: number;
  /** Only those of which a file is there. */
  readonly presentOnly: boolean;
}

/** One arm for each band, so that each goes by its own index. */
const ARMS = ['a', 'b', 'c', 'd', 'e']
  .map(
    (band) => `select n.id, n.perceptual_bits from echo_media_insights n
               where n.user_id = $1 and n.tenant_id = $2 and n.band_${band} = any(k.${band})
                 and bit_count((n.perceptual_bits # k.bits)::bit(64)) <= $4`,
  )
  .join(' union all ');

/**
 * Of each picture those of the same user that look like it, the nearest first: exactly those within the distance, found
 * by the bands of their hashes (`bands.ts`) and not by going through all of them.
 */
export async function neighboursOf(
  pool: Pick<Pool | PoolClient, 'query'>,
  owner: Owner,
  pictures: readonly HashedPicture[],
  { maxDistance, limit, presentOnly }: Reach,
): Promise<Neighbour[][]> {
  const keys = pictures.map(({ id, bits }) => {
    const [a, b, c, d, e] = bandValues(bits, maxDistance);
    return { id, bits: String(bits), a, b, c, d, e };
  });
  const { rows } = await (pool as Pool).query<Neighbour & { of: number }>({
    name: replicable('media_neighbours'),
    text: `select k.id as "of", near.id, near.distance
           from json_to_recordset($3::json) as k(id int, bits bigint, a smallint[], b smallint[], c smallint[], d smallint[], e smallint[])
           cross join lateral (
             select distinct found.id, bit_count((found.perceptual_bits # k.bits)::bit(64))::int as distance
             from (${ARMS}) found
             where found.id <> k.id and (not $6 or exists (
               select from echo_media_insights i where i.id = found.id and i.state = 'PRESENT'))
             order by distance, id limit $5) near
           order by near.distance, near.id`,
    values: [owner.userId, owner.tenantId, JSON.stringify(keys), maxDistance, limit, presentOnly],
  });
  const byPicture = Map.groupBy(rows, (row) => row.of);
  return pictures.map(({ id }) =>
    (byPicture.get(id) ?? []).map((row) => ({ id: row.id, distance: row.distance })),
  );
}
