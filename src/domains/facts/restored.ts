import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { type Act, lockFacts, newFinalAct } from './changes.ts';
import { derive } from './derive.ts';
import { keysOf, wordlessKey } from './identity.ts';
import type { FactChangeLine, FactLine } from './lines.ts';
import { settle } from './settle.ts';
import { FACT_TERMS_VERSION, termsOfFact } from './terms.ts';
import { detailOf } from './values.ts';

/** Who changed what follows from a restore. */
const RESTORE = 'restore';

/**
 * Puts facts of an export back, with those of their sources whose turns and pictures are there. One that is there stays as it is, unless
 * it lost its words with its turns, which came back; one that nothing says any more is passed over.
 *
 * @returns how many were new
 */
export async function restoreFacts(
  client: PoolClient,
  owner: Owner,
  lines: readonly FactLine[],
): Promise<number> {
  await lockFacts(client, owner);
  const turns = await turnsAmong(client, owner, lines);
  const pictures = await picturesAmong(client, owner, lines);
  const act = newFinalAct(RESTORE);
  let stored = 0;
  for (const line of lines) {
    const sources = line.sources.filter(
      ({ turnId, fileHash }) =>
        (turnId === null || turns.has(turnId.toLowerCase())) && (fileHash === null || pictures.has(fileHash)),
    );
    if (sources.length === 0 && line.sources.length > 0) continue;
    const fact = await restoreFact(client, owner, line);
    if (fact === null) continue;
    await restoreSources(client, owner, fact, line, sources);
    if (sources.length < line.sources.length) await derive(client, owner, [fact]);
    await settleRestored(client, owner, act, fact);
    stored++;
  }
  return stored;
}

async function turnsAmong(
  client: PoolClient,
  owner: Owner,
  lines: readonly FactLine[],
): Promise<Set<string>> {
  const { rows } = await client.query<{ turnId: string }>({
    name: 'turns_of_restored_facts',
    text: `select turn_id as "turnId" from echo_unified_interactions
           where turn_id = any($1::uuid[]) and tenant_id = $2 and user_id = $3`,
    values: [
      lines.flatMap(({ sources }) => sources.flatMap(({ turnId }) => turnId ?? [])),
      ...[owner.tenantId, owner.userId],
    ],
  });
  return new Set(rows.map(({ turnId }) => turnId));
}

async function picturesAmong(
  client: PoolClient,
  owner: Owner,
  lines: readonly FactLine[],
): Promise<Set<string>> {
  const hashes = lines.flatMap(({ sources }) => sources.flatMap(({ fileHash }) => fileHash ?? []));
  if (hashes.length === 0) return new Set();
  const { rows } = await client.query<{ hash: string }>({
    name: 'pictures_of_restored_facts',
    text: `select file_hash as hash from echo_media_insights
           where file_hash = any($1::text[]) and tenant_id = $2 and user_id = $3 and state = 'PRESENT'`,
    values: [hashes, owner.tenantId, owner.userId],
  });
  return new Set(rows.map(({ hash }) => hash));
}

/** @returns its number; null if it is there, or another one says the same */
async function restoreFact(client: PoolClient, owner: Owner, line: FactLine): Promise<number | null> {
  const wordless = wordlessKey(line.factId.toLowerCase());
  const keys =
    line.sources.length > 0 ? keysOf(line) : { identityKey: wordless, polarityKey: wordless, slotKey: null };
  const terms = termsOfFact(line);
  const { rows } = await client.query<{ id: number }>({
    name: 'restore_fact',
    text: `insert into echo_learned_facts as f (tenant_id, user_id, fact_id, statement, subject, predicate, object, category, negated,
             confidence, status, origin, valid_from, valid_until, said_until, valid_precision, first_said_at, last_said_at,
             recorded_at, retired_at, retracted_by, superseded_by, corrected_by, identity_key, polarity_key, slot_key, search_terms,
             subject_key, terms_version)
           select $1, $2, $3::uuid, $4, $5, $6, $7, $8, $9::boolean, $10::real, $11, $12, $13::timestamptz, $14::timestamptz,
             $15::timestamptz, $16, $17::timestamptz, $18::timestamptz, $19::timestamptz, $20::timestamptz, $21, $22::uuid,
             $23::uuid, $24::bytea, $25::bytea, $26::bytea, $27::text[], $28, ${FACT_TERMS_VERSION}
           where not exists (select 1 from echo_learned_facts
             where identity_key = $24 and tenant_id = $1 and user_id = $2 and fact_id <> $3::uuid
             union all select 1 from echo_fact_sources s join echo_learned_facts o on o.id = s.fact
             where s.form_key = $24 and s.tenant_id = $1 and s.user_id = $2 and o.fact_id <> $3::uuid)
           on conflict (fact_id, tenant_id, user_id) do update set statement = excluded.statement, subject = excluded.subject,
             predicate = excluded.predicate, object = excluded.object, category = excluded.category, negated = excluded.negated,
             confidence = excluded.confidence, status = excluded.status, origin = excluded.origin,
             valid_from = excluded.valid_from, valid_until = excluded.valid_until, said_until = excluded.said_until,
             valid_precision = excluded.valid_precision, first_said_at = excluded.first_said_at,
             last_said_at = excluded.last_said_at, recorded_at = excluded.recorded_at, retired_at = excluded.retired_at,
             retracted_by = excluded.retracted_by, superseded_by = excluded.superseded_by, corrected_by = excluded.corrected_by,
             identity_key = excluded.identity_key, polarity_key = excluded.polarity_key, slot_key = excluded.slot_key,
             search_terms = excluded.search_terms, subject_key = excluded.subject_key, terms_version = excluded.terms_version
           where f.retracted_by = 'SOURCES' and excluded.retracted_by is distinct from 'SOURCES'
           returning id`,
    values: [
      ...[
        owner.tenantId,
        owner.userId,
        line.factId,
        line.statement,
        line.subject,
        line.predicate,
        line.object,
      ],
      ...[
        line.category,
        line.negated,
        line.confidence,
        line.status,
        line.origin,
        line.validFrom,
        line.validUntil,
      ],
      ...[line.saidUntil, line.precision, line.firstSaidAt, line.lastSaidAt, line.recordedAt, line.retiredAt],
      ...[
        line.retractedBy,
        line.supersededBy,
        line.correctedBy,
        keys.identityKey,
        keys.polarityKey,
        keys.slotKey,
      ],
      ...[terms.searchTerms, terms.subjectKey],
    ],
  });
  return rows[0]?.id ?? null;
}

async function restoreSources(
  client: PoolClient,
  owner: Owner,
  fact: number,
  { predicate, negated }: FactLine,
  sources: FactLine['sources'],
): Promise<void> {
  if (sources.length === 0) return;
  const formed = sources.map((source) => ({
    ...source,
    formKey: keysOf({ ...source, predicate, negated }).identityKey.toString('hex'),
    detail: detailOf(predicate, source.object),
  }));
  await client.query({
    name: 'restore_fact_sources',
    text: `insert into echo_fact_sources (tenant_id, user_id, fact, source_id, added_by, withdrawn, turn_id, file_hash, field, quote, starts_at,
             ends_at, said_at, origin, confidence, statement, subject, object, category, valid_from, valid_until, valid_precision,
             form_key, detail)
           select $1, $2, $3, s."sourceId", s."addedBy", s.withdrawn, s."turnId", s."fileHash", s.field, s.quote, s."startsAt", s."endsAt",
             s."saidAt", s.origin, s.confidence, s.statement, s.subject, s.object, s.category, s."validFrom", s."validUntil", s."precision",
             decode(s."formKey", 'hex'), s.detail
           from json_array_elements($4) with ordinality as line(value, place) cross join lateral json_to_record(line.value) as s(
             "sourceId" uuid, "addedBy" uuid, withdrawn boolean, "turnId" uuid, "fileHash" text, field text, quote text, "startsAt" int, "endsAt" int,
             "saidAt" timestamptz, origin text, confidence real, statement text, subject text, object text, category text,
             "validFrom" timestamptz, "validUntil" timestamptz, "precision" text, "formKey" text, detail int)
           order by line.place on conflict do nothing`,
    values: [owner.tenantId, owner.userId, fact, JSON.stringify(formed)],
  });
}

/** Where what comes back and what was learned meanwhile exclude each other, one of them has to be superseded. */
async function settleRestored(client: PoolClient, owner: Owner, act: Act, fact: number): Promise<void> {
  const { rows } = await client.query<{ polarityKey: Buffer; slotKey: Buffer | null }>({
    name: 'restored_fact_conflicts',
    text: `select f.polarity_key as "polarityKey", f.slot_key as "slotKey" from echo_learned_facts f
           where f.id = $1 and f.tenant_id = $2 and f.user_id = $3 and f.status = 'ACTIVE' and exists (
             select 1 from echo_learned_facts o where o.id <> f.id and o.tenant_id = $2 and o.user_id = $3 and o.status = 'ACTIVE'
               and (o.polarity_key = f.polarity_key or o.slot_key = f.slot_key))`,
    values: [fact, owner.tenantId, owner.userId],
  });
  if (rows[0]) await settle(client, owner, act, rows[0]);
}

/** Puts changes of facts that are there back, each once. @returns how many were new */
export async function restoreChanges(
  client: PoolClient,
  owner: Owner,
  lines: readonly FactChangeLine[],
): Promise<number> {
  const { rowCount } = await client.query({
    name: 'restore_fact_changes',
    text: `insert into echo_fact_changes (tenant_id, user_id, change_id, act, fact, kind, at, by, run_id, before, is_final, undone)
           select $1, $2, c."changeId", c.act, f.id, c.change, c.at, c.by, c."runId",
             case when jsonb_typeof(c.before) = 'object' then c.before end, c."isFinal", c.undone
           from json_array_elements($3) with ordinality as line(value, place) cross join lateral json_to_record(line.value) as c(
             "changeId" uuid, act uuid, "factId" uuid, change text, at timestamptz, by text, "runId" uuid, before jsonb,
             "isFinal" boolean, undone boolean)
           join echo_learned_facts f on f.fact_id = c."factId" and f.tenant_id = $1 and f.user_id = $2
           order by line.place on conflict (change_id, tenant_id, user_id) do nothing`,
    values: [owner.tenantId, owner.userId, JSON.stringify(lines)],
  });
  return rowCount ?? 0;
}
