import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { MAX_DISTANCE } from './bands.ts';
import { type HashedPicture, type Neighbour, neighboursOf } from './neighbours.ts';

/** Of more pictures that look like one, the nearest are looked at. */
const NEIGHBOURS = 500;
/** Members of a cell that lost its centre which get another one at once; the others begin cells of their own. */
const PLACED_AGAIN = 200;
const DISTANCES = Array.from({ length: MAX_DISTANCE + 1 }, (_, distance) => distance);

/** What `notePairs` has to know of an insight. */
export interface PairedInsight extends Owner {
  /** The number of its row, which is stored. */
  readonly id: number;
  /** Null: it is like none. */
  readonly perceptualBits: bigint | null;
}

/**
 * Puts a picture among those that look like it, when its insight was stored or its perceptual hash has changed. To be
 * called under `lockMedia`, once for each insight; again is safe.
 *
 * In each partition it joins the nearest centre that differs in no more bits than the partition allows; if there is none,
 * it is the centre of a cell of its own, which others may join. So no cell is a chain of pictures of which each is like the
 * next: all of its members are like one of them. A picture has 13 rows at most, however many look like it.
 */
export async function notePairs(client: PoolClient, insight: PairedInsight): Promise<void> {
  const left = await leaveCells(client, insight);
  if (insight.perceptualBits !== null)
    await place(client, insight, { id: insight.id, bits: insight.perceptualBits });
  for (const member of left) await place(client, insight, member);
}

/**
 * Finds another place for those whose centre goes away. @param remove deletes the insight, and its pairs with it
 */
export async function removePaired(
  client: PoolClient,
  insight: PairedInsight,
  remove: () => Promise<void>,
): Promise<void> {
  const left = await leaveCells(client, { ...insight, perceptualBits: null });
  await remove();
  for (const member of left) await place(client, insight, member);
}

/** Takes away what does not hold any more. @returns members that have lost their centre, the oldest first */
async function leaveCells(
  client: PoolClient,
  { id, perceptualBits, tenantId, userId }: PairedInsight,
): Promise<HashedPicture[]> {
  const { rows } = await client.query<{ id: number; bits: string }>({
    name: 'leave_media_cells',
    text: `with left_by as (
             delete from echo_media_pairs p using echo_media_insights m
             where p.centre = $1 and p.user_id = $3 and p.tenant_id = $4 and m.id = p.member
               and ($2::bigint is null or m.perceptual_bits is null
                 or bit_count((m.perceptual_bits # $2)::bit(64)) <> p.distance)
             returning m.id, m.perceptual_bits as bits),
           own as (delete from echo_media_pairs where member = $1 and user_id = $3 and tenant_id = $4)
           select id, bits from left_by where bits is not null order by id limit ${PLACED_AGAIN}`,
    values: [id, perceptualBits, userId, tenantId],
  });
  return rows.map((row) => ({ id: row.id, bits: BigInt(row.bits) }));
}

/** Puts a picture into a cell of each partition in which it is in none. */
async function place(client: PoolClient, owner: Owner, picture: HashedPicture): Promise<void> {
  const [near = []] = await neighboursOf(client, owner, [picture], {
    maxDistance: MAX_DISTANCE,
    limit: NEIGHBOURS,
    presentOnly: false,
  });
  if (near.length === 0) return;
  const { leads, joined } = await standingOf(client, owner, [picture.id, ...near.map(({ id }) => id)]);
  const busy = (leads.get(picture.id) ?? 0) | (joined.get(picture.id) ?? 0);
  const chosen = new Map<Neighbour, number>();
  for (const distance of DISTANCES) {
    const partition = 1 << distance;
    if ((busy & partition) !== 0) continue;
    const centre = near.find(
      (other) => other.distance <= distance && ((joined.get(other.id) ?? 0) & partition) === 0,
    );
    if (centre) chosen.set(centre, (chosen.get(centre) ?? 0) | partition);
  }
  if (chosen.size === 0) return;
  await client.query({
    name: 'insert_media_pairs',
    text: `insert into echo_media_pairs (tenant_id, user_id, centre, member, distance, partitions)
           select $1, $2, t.centre, $3, t.distance, t.partitions
           from unnest($4::int[], $5::smallint[], $6::smallint[]) as t(centre, distance, partitions)
           on conflict (centre, member) do update set partitions = echo_media_pairs.partitions | excluded.partitions`,
    values: [
      ...[owner.tenantId, owner.userId, picture.id],
      [...chosen.keys()].map(({ id }) => id),
      [...chosen.keys()].map(({ distance }) => distance),
      [...chosen.values()],
    ],
  });
}

/** Of each picture in which partitions it is a centre with members, and in which it is a member. */
async function standingOf(client: PoolClient, { tenantId, userId }: Owner, ids: readonly number[]) {
  const { rows } = await client.query<{ id: number; joined: number | null; leads: number | null }>({
    name: 'media_cells_of',
    text: `select i.id, (select bit_or(p.partitions)::int from echo_media_pairs p
              where p.member = i.id and p.user_id = $3 and p.tenant_id = $4) as joined,
             (select bit_or(p.partitions)::int from echo_media_pairs p
              where p.centre = i.id and i.id = $2 and p.user_id = $3 and p.tenant_id = $4) as leads
           from unnest($1::int[]) i(id)`,
    values: [ids, ids[0], userId, tenantId],
  });
  return {
    joined: new Map(rows.map((row) => [row.id, row.joined ?? 0])),
    leads: new Map(rows.map((row) => [row.id, row.leads ?? 0])),
  };
}
