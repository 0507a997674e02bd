import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { foldLetters } from '../../ground/letters.ts';
import { requiredWords } from '../word-index/analysis.ts';
import { type Act, lockFacts } from './changes.ts';
import { retract } from './retract.ts';
import { learnedFacts } from './tables.ts';

/**
 * Takes back what was said of somebody about something up to an instant, since they asked for it. What a person entered stays.
 *
 * @param asked.about words that facts about it have
 * @returns how many were taken back
 */
export async function retractAbout(
  client: PoolClient,
  owner: Owner,
  act: Act,
  asked: { readonly subject: string; readonly about: string; readonly saidAt: Date },
): Promise<number> {
  const words = requiredWords(asked.about);
  if (words.length === 0) return 0;
  await lockFacts(client, owner);
  const { rows } = await client.query<RawRow>({
    name: 'facts_about',
    text: `select * from echo_learned_facts where tenant_id = $1 and user_id = $2 and status = 'ACTIVE' and origin <> 'PERSON'
             and last_said_at <= $4 and not exists (
               select from jsonb_array_elements($3) w where not search_terms && array(select jsonb_array_elements_text(w))) order by id for update`,
    values: [owner.tenantId, owner.userId, JSON.stringify(words), asked.saidAt],
  });
  const subject = foldLetters(asked.subject);
  const about = rows
    .map((row) => mapRow(learnedFacts, row))
    .filter((fact) => foldLetters(fact.subject) === subject);
  for (const fact of about) await retract(client, owner, act, fact);
  return about.length;
}
