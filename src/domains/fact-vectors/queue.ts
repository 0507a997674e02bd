import type { Database } from '../../db/client.ts';
import type { FactRow } from '../facts/tables.ts';

/** A fact that waits for its vector. */
export interface WaitingFact extends Pick<FactRow, 'id' | 'statement' | 'subject'> {
  /** Of its words, as they were read. */
  readonly revision: number;
}

/** How long what another model made is left alone: servers of two models would else make it anew by turns, without end. */
const OTHERS_KEEP = "interval '1 hour'";

/**
 * Facts that no model was asked for since their words are as they are, those recorded last first.
 *
 * @param others also those that another model was asked for an hour ago
 */
export async function waitingFacts(
  { pool }: Pick<Database, 'pool'>,
  model: string,
  { limit, others }: { readonly limit: number; readonly others: boolean },
): Promise<WaitingFact[]> {
  // Each part along the index of models.
  const part = (condition: string) =>
    `(select fact, revision from echo_fact_vectors where model ${condition} order by model desc, fact desc limit $1)`;
  const old = `(asked_at is null or asked_at < now() - ${OTHERS_KEEP})`;
  const parts = [part('is null'), ...(others ? [part(`< $2 and ${old}`), part(`> $2 and ${old}`)] : [])];
  const { rows } = await pool.query<WaitingFact>({
    name: others ? 'facts_without_this_vector' : 'facts_without_vector',
    text: `select f.id, f.statement, f.subject, w.revision
           from (select * from (${parts.join(' union all ')}) waiting limit $1) w join echo_learned_facts f on f.id = w.fact`,
    values: [limit, ...(others ? [model] : [])],
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
    text: `update echo_fact_vectors v set model = $1, vector = m.vector, asked_at = now()
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
