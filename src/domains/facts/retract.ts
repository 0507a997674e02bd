import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { type Act, noteChange, standingOf } from './changes.ts';
import { settleAround } from './settle.ts';
import { type FactRow, learnedFacts } from './tables.ts';

/**
 * Takes a fact back, by hand: no run adds it again from what was said before. What it had superseded holds again, unless
 * something else supersedes that. Under `lockFacts`.
 */
export async function retract(client: PoolClient, owner: Owner, act: Act, fact: FactRow): Promise<FactRow> {
  await noteChange(client, owner, { act, fact: fact.id, kind: 'RETRACTED', before: standingOf(fact) });
  const retracted = await client.query<RawRow>({
    name: 'retract_fact',
    text: `update echo_learned_facts set status = 'RETRACTED', retracted_by = 'PERSON', retired_at = now(), superseded_by = null
           where id = $1 and tenant_id = $2 and user_id = $3 returning *`,
    values: [fact.id, owner.tenantId, owner.userId],
  });
  await settleAround(client, owner, act, fact);
  return mapRow(learnedFacts, onlyRow(retracted));
}
