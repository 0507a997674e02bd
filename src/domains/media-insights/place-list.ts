import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import type { Box } from './places.ts';

/** Degrees between the middles of two squares: about a kilometre from south to north. */
export const SQUARE_DEGREES = 0.01;
/** Places that are listed. */
export const MAX_PLACES = 200;

/** A square of the globe in which something was taken. */
export interface MediaPlace {
  /** Its middle, degrees. */
  readonly latitude: number;
  readonly longitude: number;
  /** What most files of it that say so call it. */
  readonly name: string | null;
  readonly count: number;
  readonly latest: Date | null;
}

/** Where a user's media were taken, the places with the most first. */
export async function placesOfMedia({ pool }: Pick<Database, 'pool'>, owner: Owner): Promise<MediaPlace[]> {
  const { rows } = await pool.query<MediaPlace>({
    name: replicable('media_places'),
    text: `select round(latitude::numeric, 2)::float8 as latitude, round(longitude::numeric, 2)::float8 as longitude,
             mode() within group (order by nullif(concat_ws(', ', location_data #>> '{places,sublocation}',
               location_data #>> '{places,city}', location_data #>> '{places,state}',
               location_data #>> '{places,country}'), '')) as name,
             count(*)::int as count, max(date_taken) as latest
           from echo_media_insights
           where user_id = $1 and tenant_id = $2 and latitude is not null and longitude is not null
           group by 1, 2 order by count desc, latest desc nulls last, latitude, longitude limit ${MAX_PLACES}`,
    values: [owner.userId, owner.tenantId],
  });
  return rows;
}

/** The square around a place, as a filter takes it. */
export function squareAround({ latitude, longitude }: MediaPlace): Box {
  const half = SQUARE_DEGREES / 2;
  return {
    south: Math.max(-90, latitude - half),
    north: Math.min(90, latitude + half),
    west: Math.max(-180, longitude - half),
    east: Math.min(180, longitude + half),
  };
}
