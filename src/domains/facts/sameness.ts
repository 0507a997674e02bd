import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { type FactKeys, keysOf, type Said, wordlessKey } from './identity.ts';
import { type FactRow, learnedFacts } from './tables.ts';
import { isWithin } from './values.ts';

/** The fact that says the same, or one of whose sources does, with its row locked. */
export async function factOfIdentity(client: PoolClient, owner: Owner, key: Buffer): Promise<FactRow | null> {
  const { rows } = await client.query<RawRow>({
    name: 'fact_of_identity',
    text: `select * from echo_learned_facts where tenant_id = $2 and user_id = $3 and id = (
             select id from (
               select id, 0 as place from echo_learned_facts where identity_key = $1 and tenant_id = $2 and user_id = $3
               union all
               select min(fact), 1 from echo_fact_sources where form_key = $1 and tenant_id = $2 and user_id = $3
             ) found where id is not null order by place limit 1) for update`,
    values: [key, owner.tenantId, owner.userId],
  });
  return rows[0] ? mapRow(learnedFacts, rows[0]) : null;
}

/**
 * The fact that says less, or more, of the same, of what one has only one of at a time: all that it was said by has to be so, and
 * there must be no second one. "Paris" says less than "Paris, Texas", and joins it; where "Paris, France" is known, too, it does not.
 */
export async function factToJoin(
  client: PoolClient,
  owner: Owner,
  { predicate, object, negated }: Said,
  { slotKey }: FactKeys,
): Promise<FactRow | null> {
  if (slotKey === null || negated) return null;
  const { rows } = await client.query<{ id: number; objects: string[] }>({
    name: 'facts_to_join',
    text: `select f.id, array_agg(distinct s.object) as objects from echo_learned_facts f join echo_fact_sources s on s.fact = f.id
           where f.slot_key = $1 and f.tenant_id = $2 and f.user_id = $3 and not f.negated and s.tenant_id = $2 and s.user_id = $3
           group by f.id`,
    values: [slotKey, owner.tenantId, owner.userId],
  });
  const alike = rows.filter(({ objects }) =>
    objects.every((known) => isWithin(predicate, known, object) || isWithin(predicate, object, known)),
  );
  const [only] = alike;
  if (!only || alike.length > 1) return null;
  const found = await client.query<RawRow>({
    name: 'fact_to_join',
    text: 'select * from echo_learned_facts where id = $1 and tenant_id = $2 and user_id = $3 for update',
    values: [only.id, owner.tenantId, owner.userId],
  });
  return found.rows[0] ? mapRow(learnedFacts, found.rows[0]) : null;
}

/**
 * Lets a fact be found by the words that it has now: what it was found by before may have been words of a deleted turn. Where
 * another one says just that, it is like no other.
 */
export async function withKeys(client: PoolClient, owner: Owner, fact: FactRow): Promise<FactRow> {
  const keys = keysOf(fact);
  const isSame =
    fact.identityKey.equals(keys.identityKey) &&
    fact.polarityKey.equals(keys.polarityKey) &&
    (fact.slotKey === null ? keys.slotKey === null : keys.slotKey?.equals(fact.slotKey));
  if (isSame) return fact;
  const { rows } = await client.query<RawRow>({
    name: 'key_fact',
    text: `update echo_learned_facts f set polarity_key = $5, slot_key = $6, identity_key = case when exists (
               select from echo_learned_facts o where o.identity_key = $4 and o.tenant_id = $2 and o.user_id = $3 and o.id <> $1)
             then $7::bytea else $4::bytea end
           where id = $1 and tenant_id = $2 and user_id = $3 returning f.*`,
    values: [
      ...[fact.id, owner.tenantId, owner.userId],
      ...[keys.identityKey, keys.polarityKey, keys.slotKey, wordlessKey(fact.factId)],
    ],
  });
  return rows[0] ? mapRow(learnedFacts, rows[0]) : fact;
}
