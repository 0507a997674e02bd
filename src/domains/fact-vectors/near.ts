import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { nameOfShape, shapeOf } from '../../db/statements.ts';
import { conditionsOn, type FoundConditions } from '../facts/found.ts';
import type { EmbeddedQuery } from '../vector-index/search.ts';
import { cosineTo } from './direction.ts';

/** A fact that means something like a text. */
export interface NearFact {
  /** The number of its row. */
  readonly fact: number;
  readonly cosine: number;
}

/** Facts of one user that are compared: those said last. */
const COMPARED = 2_000;
/** How many are found at most. */
const NEAREST = 5;
/** Beside the nearest, one with less than this of its likeness only fills the page. */
const RELATIVE_FLOOR = 0.8;
/** How far facts are looked at. */
export const NEAR_PARAMETERS = { COMPARED, NEAREST, RELATIVE_FLOOR };

/** The facts of one user that are nearest to a text in what they mean, nearest first: none that is no nearer than unrelated texts. */
export async function factsNear(
  { pool }: Pick<Database, 'pool'>,
  owner: Owner,
  { model, vector, floor }: EmbeddedQuery,
  conditions: FoundConditions,
): Promise<NearFact[]> {
  const values: unknown[] = [owner.tenantId, owner.userId, model];
  const also = conditionsOn(conditions, values);
  const { rows } = await pool.query<{ id: number; vector: Buffer }>({
    name: nameOfShape(replicable('fact_vectors'), shapeOf({ ...conditions })),
    text: `select f.id, v.vector
           from echo_fact_vectors v join echo_learned_facts f on f.id = v.fact
           where v.tenant_id = $1 and v.user_id = $2 and f.tenant_id = $1 and f.user_id = $2
             and v.model = $3 and v.vector is not null and ${also.join(' and ')}
           order by f.last_said_at desc, f.id desc limit ${COMPARED}`,
    values,
  });
  const near = rows.flatMap(({ id, vector: direction }) => {
    const cosine = cosineTo(vector, direction);
    return cosine !== null && cosine > floor ? [{ fact: id, cosine }] : [];
  });
  const best = Math.max(0, ...near.map(({ cosine }) => cosine));
  return near
    .filter(({ cosine }) => cosine >= best * RELATIVE_FLOOR)
    .sort((a, b) => b.cosine - a.cosine || b.fact - a.fact)
    .slice(0, NEAREST);
}
