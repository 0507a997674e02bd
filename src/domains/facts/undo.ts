import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { type Act, lockFacts, noteChange, standingOf } from './changes.ts';
import { derive } from './derive.ts';
import { settleAround } from './settle.ts';
import { type FactChangeRow, type FactRow, factChanges, learnedFacts } from './tables.ts';

/** What was undone, or what has to be undone before. */
export type Undoing =
  | { readonly undone: readonly FactChangeRow[] }
  /** Later changes that build on it. */
  | { readonly blockedBy: readonly FactChangeRow[] };

/** Acts that are undone together at most. */
export const MAX_ACTS = 200;

/**
 * Takes back what a change did, with all that the same statement did: facts are as they were before, to the letter, and one
 * that did not exist is taken back. Later changes of the same facts build on it: they are undone, too, if `cascade` says so.
 * What other facts follow from it is decided anew.
 *
 * @param act a final one
 * @param change one that is not undone yet
 */
export async function undo(
  client: PoolClient,
  owner: Owner,
  act: Act,
  change: FactChangeRow,
  cascade: boolean,
): Promise<Undoing> {
  await lockFacts(client, owner);
  const changes = await buildingOn(client, owner, change);
  const later = changes.filter(({ act: other }) => other !== change.act);
  if (later.length > 0 && (!cascade || new Set(later.map(({ act: other }) => other)).size > MAX_ACTS))
    return { blockedBy: later };
  const facts = new Map<number, FactRow>();
  for (const each of changes) {
    const fact = facts.get(each.fact) ?? (await factNow(client, owner, each.fact));
    facts.set(each.fact, fact);
    // What was said in deleted turns does not come back.
    if (fact.retractedBy !== 'SOURCES') await takeBack(client, owner, each);
  }
  await derive(client, owner, [...facts.keys()]);
  for (const fact of facts.values())
    await noteChange(client, owner, { act, fact: fact.id, kind: 'UNDONE', before: standingOf(fact) });
  await client.query({
    name: 'mark_fact_changes_undone',
    text: `update echo_fact_changes set undone = true where id = any($1) and tenant_id = $2 and user_id = $3`,
    values: [changes.map(({ id }) => id), owner.tenantId, owner.userId],
  });
  for (const fact of facts.values()) await settleAround(client, owner, act, fact);
  return { undone: changes.map((each) => ({ ...each, undone: true })) };
}

/** The changes of an act and of all later ones that touch what they touch, the latest first. */
async function buildingOn(client: PoolClient, owner: Owner, change: FactChangeRow): Promise<FactChangeRow[]> {
  const { rows } = await client.query<RawRow>({
    name: 'fact_changes_building_on',
    text: `with recursive touched(act, fact, since) as (
             select act, fact, id from echo_fact_changes
             where act = $1 and tenant_id = $2 and user_id = $3 and not undone
             union select d.act, d.fact, d.id from touched t
               join echo_fact_changes c on c.fact = t.fact and c.id > t.since and not c.is_final and not c.undone
               join echo_fact_changes d on d.act = c.act and d.tenant_id = $2 and d.user_id = $3 and not d.undone)
           select c.* from echo_fact_changes c
           where c.id in (select since from touched) and c.tenant_id = $2 and c.user_id = $3 order by c.id desc`,
    values: [change.act, owner.tenantId, owner.userId],
  });
  return rows.map((row) => mapRow(factChanges, row));
}

async function factNow(client: PoolClient, owner: Owner, id: number): Promise<FactRow> {
  const { rows } = await client.query<RawRow>({
    name: 'fact_to_undo',
    text: 'select * from echo_learned_facts where id = $1 and tenant_id = $2 and user_id = $3 for update',
    values: [id, owner.tenantId, owner.userId],
  });
  return mapRow(learnedFacts, rows[0] ?? {});
}

async function takeBack(client: PoolClient, owner: Owner, change: FactChangeRow): Promise<void> {
  const values = [change.fact, owner.tenantId, owner.userId];
  await client.query({
    name: 'withdraw_fact_sources',
    text: `update echo_fact_sources set withdrawn = true where added_by = $4 and fact = $1 and tenant_id = $2 and user_id = $3`,
    values: [...values, change.changeId],
  });
  if (change.before === null)
    await client.query({
      name: 'undo_fact',
      text: `update echo_learned_facts set status = 'RETRACTED', retracted_by = 'UNDO', retired_at = now(), superseded_by = null
             where id = $1 and tenant_id = $2 and user_id = $3`,
      values,
    });
  else
    await client.query({
      name: 'undo_fact_change',
      text: `update echo_learned_facts f set status = b.status, valid_until = b."validUntil", retired_at = b."retiredAt",
               retracted_by = b."retractedBy", superseded_by = b."supersededBy", corrected_by = b."correctedBy"
             from jsonb_to_record($4) as b(status text, "validUntil" timestamptz, "retiredAt" timestamptz,
               "retractedBy" text, "supersededBy" uuid, "correctedBy" uuid)
             where f.id = $1 and f.tenant_id = $2 and f.user_id = $3`,
      values: [...values, JSON.stringify(change.before)],
    });
}
