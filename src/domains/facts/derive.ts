import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { withKeys } from './sameness.ts';
import { type FactRow, learnedFacts } from './tables.ts';
import { FACT_TERMS_VERSION, termsOfFact } from './terms.ts';

/** Each further source makes a fact a little surer, up to so many. */
const SURER = 0.02;
const SURER_SOURCES = 5;
const SUREST = 0.99;
/** Sources of one fact that are kept: the first, and the latest. With all of them it is one line of an export, which has to fit into a request. */
export const MAX_SOURCES = 300;

/** The order in which turns said a thing, the same on every server. */
const AS_SAID = 'said_at, turn_id, field, starts_at, source_id';

/**
 * Makes what facts say of their sources: the words that a person entered last, else those that were said first; the dates,
 * and how sure it is. Where all sources were withdrawn, of these, and the fact is taken back. Under `lockFacts`.
 *
 * @param facts numbers of facts that have sources
 * @returns them as they are now
 */
export async function derive(
  client: PoolClient,
  owner: Owner,
  facts: readonly number[],
): Promise<Map<number, FactRow>> {
  if (facts.length === 0) return new Map();
  const { rows } = await client.query<RawRow & { kept: number }>({
    name: 'derive_facts',
    text: DERIVE,
    values: [facts, owner.tenantId, owner.userId],
  });
  const derived = new Map<number, FactRow>();
  const crowded: number[] = [];
  for (const raw of rows) {
    const fact = mapRow(learnedFacts, raw);
    derived.set(fact.id, await withKeys(client, owner, await withTerms(client, owner, fact)));
    if (raw.kept > MAX_SOURCES) crowded.push(fact.id);
  }
  if (crowded.length === 0) return derived;
  await thin(client, owner, crowded);
  return new Map([...derived, ...(await derive(client, owner, crowded))]);
}

const DERIVE = `
  with own as (
    select *, bool_or(not withdrawn) over (partition by fact) as stands, count(*) over (partition by fact) as kept
    from echo_fact_sources where fact = any($1::int[]) and tenant_id = $2 and user_id = $3
  ), made as (
    select fact, bool_and(stands) as stands, max(kept)::int as kept, min(said_at) as first, max(said_at) as last,
      greatest(max(confidence), least(${SUREST}, max(confidence) + ${SURER} * least(count(*) - 1, ${SURER_SOURCES}))) as confidence,
      min(valid_from) as valid_from, max(valid_until) as said_until,
      (array_agg(valid_precision order by valid_from, ${AS_SAID}) filter (where valid_precision is not null))[1] as valid_precision,
      (array_agg(id order by origin = 'PERSON' desc, case when origin = 'PERSON' then said_at end desc, detail desc, ${AS_SAID}))[1] as shown
    from own where not withdrawn or not stands group by fact
  )
  update echo_learned_facts f set statement = s.statement, subject = s.subject, object = s.object, category = s.category,
    origin = s.origin, confidence = m.confidence, first_said_at = m.first, last_said_at = m.last, valid_from = m.valid_from,
    said_until = m.said_until, valid_precision = m.valid_precision,
    status = case when m.stands then f.status else 'RETRACTED' end,
    retracted_by = case when m.stands then f.retracted_by else coalesce(f.retracted_by, 'UNDO') end,
    retired_at = case when m.stands or f.status = 'RETRACTED' then f.retired_at else now() end,
    superseded_by = case when m.stands then f.superseded_by end
  from made m join echo_fact_sources s on s.id = m.shown
  where f.id = m.fact and f.tenant_id = $2 and f.user_id = $3 returning f.*, m.kept`;

/** Leaves of too many sources the first that says most, the first and the latest, whatever the order in which they came. */
async function thin(client: PoolClient, owner: Owner, facts: readonly number[]): Promise<void> {
  await client.query({
    name: 'thin_fact_sources',
    text: `delete from echo_fact_sources where tenant_id = $2 and user_id = $3 and id in (
             select id from (
               select id, row_number() over (partition by fact order by most = 1 desc, ${AS_SAID}) as place, kept from (
                 select *, row_number() over (partition by fact order by detail desc, ${AS_SAID}) as most,
                   count(*) over (partition by fact) as kept
                 from echo_fact_sources where fact = any($1::int[]) and tenant_id = $2 and user_id = $3) ranked) placed
             where place > 2 and place <= kept - ${MAX_SOURCES - 2})`,
    values: [facts, owner.tenantId, owner.userId],
  });
}

async function withTerms(client: PoolClient, owner: Owner, fact: FactRow): Promise<FactRow> {
  const terms = termsOfFact(fact);
  const isSame =
    fact.termsVersion === FACT_TERMS_VERSION &&
    terms.subjectKey === fact.subjectKey &&
    terms.searchTerms.join(' ') === fact.searchTerms.join(' ');
  if (isSame) return fact;
  await client.query({
    name: 'index_fact',
    text: `update echo_learned_facts set search_terms = $4, subject_key = $5, terms_version = ${FACT_TERMS_VERSION}
           where id = $1 and tenant_id = $2 and user_id = $3`,
    values: [fact.id, owner.tenantId, owner.userId, terms.searchTerms, terms.subjectKey],
  });
  const { subjectKey } = terms;
  return { ...fact, searchTerms: [...terms.searchTerms], subjectKey, termsVersion: FACT_TERMS_VERSION };
}
