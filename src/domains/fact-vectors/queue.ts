import type { Database } from '../../db/client.ts';
import type { FactRow } from '../facts/tables.ts';

/** A fact that waits for its vector. */
export interface WaitingFact extends Pick<FactRow, 'id' | 'statement' | 'subject'> {
  /** Of its words, as they were read. */
  readonly revision: number;
}

/** Facts without a vector of a model, or whose words are newer, those recorded last first. */
export async function waitingFacts(
  { pool }: Pick<Database, 'pool'>,
  model: string,
  limit: number,
): Promise<WaitingFact[]> {
  // Each part along the index of models.
  const part = (condition: string) =>
    `(select fact, revision from echo_fact_vectors where model ${condition} order by model desc, fact desc limit $2)`;
  const { rows } = await pool.query<WaitingFact>({
    name: 'facts_without_vector',
    text: `select f.id, f.statement, f.subject, w.revision
           from (${part('is null')} union all ${part('< $1')} union all ${part('> $1')} limit $2) w
             join echo_learned_facts f on f.id = w.fact`,
    values: [model, limit],
  });
  return rows;
}

/** Stores what came of some facts, where their words are still those that were read. @param made.vector null: the model refused the words */
export async function storeFactVectors(
  { pool }: Pick<Database, 'pool'>,
  model: string,
  made: readonly { readonly fact: WaitingFact; readonly vector: Buffer | null }[],
): Promise<void> {
  await pool.query({
    name: 'store_fact_vectors',
    text: `update echo_fact_vectors v set model = $1, vector = m.vector
           from unnest($2::int[], $3::int[], $4::bytea[]) as m(fact, revision, vector)
           where v.fact = m.fact and v.revision = m.revision`,
    values: [
      model,
      made.map(({ fact }) => fact.id),
      made.map(({ fact }) => fact.revision),
      made.map(({ vector }) => vector),
    ],
  });
}
