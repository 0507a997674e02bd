import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { lockFacts } from './changes.ts';
import { withKeys } from './sameness.ts';
import { learnedFacts } from './tables.ts';
import { FACT_TERMS_VERSION, termsOfFact } from './terms.ts';

/** Facts whose terms are made again in one transaction. */
const AT_ONCE = 200;

/**
 * Makes the terms of some facts of one user again that an older analysis of words made: until then they are found as they were.
 *
 * @returns of how many; 0: none are left
 */
export async function renewSomeTerms(db: Database): Promise<number> {
  const { rows } = await db.pool.query<Owner>({
    name: 'fact_owner_with_old_terms',
    text: `select tenant_id as "tenantId", user_id as "userId" from echo_learned_facts
           where terms_version < ${FACT_TERMS_VERSION} limit 1`,
  });
  return rows[0] ? renewPage(db, rows[0]) : 0;
}

function renewPage(db: Database, owner: Owner): Promise<number> {
  return db.transaction(async (client) => {
    await lockFacts(client, owner);
    const { rows } = await client.query<RawRow>({
      name: 'facts_with_old_terms',
      text: `select * from echo_learned_facts
             where terms_version < ${FACT_TERMS_VERSION} and tenant_id = $1 and user_id = $2 limit ${AT_ONCE}`,
      values: [owner.tenantId, owner.userId],
    });
    for (const fact of rows.map((row) => mapRow(learnedFacts, row))) {
      const { searchTerms, subjectKey } = termsOfFact(fact);
      await client.query({
        name: 'renew_fact_terms',
        text: `update echo_learned_facts set search_terms = $4, subject_key = $5, terms_version = ${FACT_TERMS_VERSION}
               where id = $1 and tenant_id = $2 and user_id = $3`,
        values: [fact.id, owner.tenantId, owner.userId, searchTerms, subjectKey],
      });
      if (fact.retractedBy !== 'SOURCES') await withKeys(client, owner, fact);
    }
    return rows.length;
  });
}
