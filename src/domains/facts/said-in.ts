import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { foldLetters } from '../../ground/letters.ts';
import { keysOf, type Said } from './identity.ts';
import { type FactRow, learnedFacts } from './tables.ts';

/** Where something may have been said: whole turns, and one turn up to a place in it. */
export interface SaidWhere {
  readonly turnIds: readonly string[];
  readonly turnId: string;
  /** In code points of its query, or of its response, which comes behind. */
  readonly field: 'query' | 'response';
  readonly startsAt: number;
}

/**
 * What was said last, before a correction, of the same subject by the same predicate and is another fact: what the correction
 * corrects. Null: nothing. Under `lockFacts`.
 */
export async function correctedBy(
  client: PoolClient,
  owner: Owner,
  correction: Said,
  { turnIds, turnId, field, startsAt }: SaidWhere,
): Promise<FactRow | null> {
  const { rows } = await client.query<RawRow>({
    name: 'facts_said_in',
    text: `select f.* from echo_fact_sources s join echo_learned_facts f on f.id = s.fact
           where s.tenant_id = $1 and s.user_id = $2 and not s.withdrawn and f.status <> 'RETRACTED' and f.predicate = $4
             and (s.turn_id = any($3::uuid[]) or s.turn_id = $5 and (s.field, s.starts_at) < ($6, $7))
           order by s.turn_id = $5 desc, s.said_at desc, array_position($3::uuid[], s.turn_id) desc, s.field desc, s.starts_at desc, s.id desc`,
    values: [owner.tenantId, owner.userId, turnIds, correction.predicate, turnId, field, startsAt],
  });
  const { identityKey } = keysOf(correction);
  const found = rows.map((row) => mapRow(learnedFacts, row));
  const subject = foldLetters(correction.subject);
  return (
    found.find((fact) => foldLetters(fact.subject) === subject && !fact.identityKey.equals(identityKey)) ??
    null
  );
}
