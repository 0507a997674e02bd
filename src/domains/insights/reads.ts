import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';

export const PERIODS = ['day', 'week', 'month'] as const;
export type Period = (typeof PERIODS)[number];

/** Turns of which time are counted, and how time is cut. */
export interface Counted {
  readonly since: Date;
  readonly until: Date;
  readonly period: Period;
  /** In which days and hours are counted. */
  readonly timeZone: string;
}

/** How often something was there in a period. */
export interface CountOf<T> {
  readonly start: Date;
  readonly value: T;
  readonly count: number;
}

const WITHIN = `from echo_unified_interactions where user_id = $1 and tenant_id = $2 and timestamp >= $3 and timestamp < $4`;
const START = `(date_trunc($5, timestamp at time zone $6) at time zone $6)`;

const valuesOf = ({ userId, tenantId }: Owner, { since, until, period, timeZone }: Counted) => [
  ...[userId, tenantId, since, until, period, timeZone],
];

/** Turns by what they asked for; null where nobody classified them. */
export async function countIntents({ pool }: Pick<Database, 'pool'>, owner: Owner, counted: Counted) {
  const { rows } = await pool.query<CountOf<string | null>>({
    name: replicable('insights_intents'),
    text: `select ${START} as start, intent as value, count(*)::int as count ${WITHIN} group by 1, 2 order by 1, 3 desc, 2`,
    values: valuesOf(owner, counted),
  });
  return rows;
}

/** Turns by the characters that they name, of whom there may be several in one. */
export async function countCharacters({ pool }: Pick<Database, 'pool'>, owner: Owner, counted: Counted) {
  const { rows } = await pool.query<CountOf<number>>({
    name: replicable('insights_characters'),
    text: `select ${START} as start, c.id as value, count(*)::int as count
           from echo_unified_interactions i cross join lateral (
             select distinct id from unnest(coalesce(i.character_ids, array[i.character_id])) as id where id is not null) c
           where user_id = $1 and tenant_id = $2 and timestamp >= $3 and timestamp < $4 group by 1, 2 order by 1, 3 desc, 2`,
    values: valuesOf(owner, counted),
  });
  return rows;
}

/** Turns by the hour of the user's day, 0 to 23; hours without any are absent. */
export async function countHours({ pool }: Pick<Database, 'pool'>, owner: Owner, counted: Counted) {
  const { rows } = await pool.query<{ hour: number; count: number }>({
    name: replicable('insights_hours'),
    text: `select extract(hour from timestamp at time zone $5)::int as hour, count(*)::int as count ${WITHIN} group by 1 order by 1`,
    values: [owner.userId, owner.tenantId, counted.since, counted.until, counted.timeZone],
  });
  return rows;
}

/** Characters of what was said that topics are looked for in. */
const LOOKED_AT = 500;

/** The beginning of what was said in the latest turns, the latest first. */
export async function textsSaid(
  { pool }: Pick<Database, 'pool'>,
  owner: Owner,
  counted: Counted,
  limit: number,
): Promise<{ start: Date; text: string }[]> {
  const { rows } = await pool.query<{ start: Date; text: string }>({
    name: replicable('insights_texts'),
    text: `select ${START} as start, left(query, ${LOOKED_AT}) as text ${WITHIN} order by timestamp desc, id desc limit $7`,
    values: [...valuesOf(owner, counted), limit],
  });
  return rows;
}
