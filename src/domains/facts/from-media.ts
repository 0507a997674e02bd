import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { type Act, lockFacts, noteChange, standingOf } from './changes.ts';
import { derive } from './derive.ts';
import { withoutSources } from './forget.ts';
import { keysOf, type Said } from './identity.ts';
import { factByNumber, insertFact } from './record.ts';
import { factOfIdentity } from './sameness.ts';
import { settle } from './settle.ts';
import { type FactCategory, type FactRow, learnedFacts } from './tables.ts';

/** What a picture shows of a fact. */
export interface PictureSource {
  /** Of its content. */
  readonly fileHash: string;
  /** What is known of it. */
  readonly quote: string;
  /** When it was taken. */
  readonly takenAt: Date;
}

/** A fact that many pictures show. */
export interface PicturedFact extends Said {
  readonly statement: string;
  readonly category: FactCategory;
  readonly confidence: number;
  readonly sources: readonly PictureSource[];
}

export interface FollowedMedia {
  /** Facts that were not known. */
  readonly added: number;
  /** Facts that have other pictures now. */
  readonly changed: number;
  /** Facts that no picture shows any more. */
  readonly dropped: number;
  /** Facts that somebody took back: they are left alone. */
  readonly refused: number;
  /** Contents of pictures that became sources. */
  readonly learnedFrom: readonly string[];
}

/** Facts of a user of which pictures are sources, as far as they hold. */
export async function factsShownByMedia(client: PoolClient, owner: Owner): Promise<FactRow[]> {
  const { rows } = await client.query<RawRow>({
    name: 'facts_of_media',
    text: `select f.* from echo_learned_facts f where f.tenant_id = $1 and f.user_id = $2 and exists (
             select from echo_fact_sources s where s.fact = f.id and s.file_hash is not null)
           order by f.id`,
    values: [owner.tenantId, owner.userId],
  });
  return rows.map((row) => mapRow(learnedFacts, row));
}

/**
 * Lets facts be what pictures show: each has exactly the pictures that are given as its sources, beside what was said in
 * turns, and those of which none is given lose theirs. Where nothing differs nothing is written.
 */
export async function followMedia(
  client: PoolClient,
  owner: Owner,
  act: Act,
  pictured: readonly PicturedFact[],
): Promise<FollowedMedia> {
  await lockFacts(client, owner);
  const before = await factsShownByMedia(client, owner);
  const kept = new Set<number>();
  const counts = { added: 0, changed: 0, dropped: 0, refused: 0 };
  const learnedFrom = new Set<string>();
  for (const each of pictured) {
    const { identityKey } = keysOf(each);
    const known = await factOfIdentity(client, owner, identityKey);
    if (known) kept.add(known.id);
    if (known?.status === 'RETRACTED') counts.refused++;
    else {
      const added = await follow(client, owner, act, each, known);
      if (added === null) continue;
      counts[known ? 'changed' : 'added']++;
      for (const hash of added) learnedFrom.add(hash);
    }
  }
  for (const fact of before) {
    if (kept.has(fact.id)) continue;
    counts.dropped++;
    await removeSources(client, owner, fact.id, null);
  }
  return { ...counts, learnedFrom: [...learnedFrom] };
}

/** @returns contents that became sources; null: nothing differed */
async function follow(
  client: PoolClient,
  owner: Owner,
  act: Act,
  pictured: PicturedFact,
  known: FactRow | null,
): Promise<string[] | null> {
  const current = known ? await quotesOf(client, owner, known.id) : new Map<string, string>();
  const wanted = new Map(pictured.sources.map(({ fileHash, quote }) => [fileHash, quote]));
  const gone = [...current].filter(([hash, quote]) => wanted.get(hash) !== quote).map(([hash]) => hash);
  const added = pictured.sources.filter(({ fileHash, quote }) => current.get(fileHash) !== quote);
  if (gone.length === 0 && added.length === 0) return null;
  const { sources, ...said } = pictured;
  const [first] = sources.toSorted((a, b) => a.takenAt.getTime() - b.takenAt.getTime());
  if (!first) throw new Error('a fact that pictures show needs one');
  const stated = { ...said, ...NO_DATES, origin: 'RULES' as const };
  const keys = keysOf(pictured);
  const fact =
    known ?? (await insertFact(client, owner, { ...stated, evidence: { saidAt: first.takenAt } }, keys));
  const changeId = randomUUID();
  // Those that are added first, or the fact would have none for a moment.
  const fresh = added.filter(({ fileHash }) => !current.has(fileHash));
  await insertSources(client, owner, { fact: fact.id, changeId, pictured, sources: fresh });
  if (fresh.length > 0) {
    const kind = known ? 'MERGED' : 'ADDED';
    await noteChange(client, owner, {
      ...{ act, fact: fact.id, kind, changeId },
      before: known && standingOf(known),
    });
  }
  const changed = added.filter(({ fileHash }) => current.has(fileHash));
  for (const { fileHash, quote } of changed) await requote(client, owner, fact.id, fileHash, quote);
  const dropped = gone.filter((hash) => !wanted.has(hash));
  if (dropped.length > 0) await removeSources(client, owner, fact.id, dropped);
  else await derive(client, owner, [fact.id]);
  await settle(client, owner, act, await factByNumber(client, owner, fact.id));
  return fresh.map(({ fileHash }) => fileHash);
}

const NO_DATES = { validFrom: null, validUntil: null, precision: null };

/** Of pictures, by their content; those that were withdrawn by an undoing, too: they are not taken again. */
async function quotesOf(client: PoolClient, owner: Owner, fact: number): Promise<Map<string, string>> {
  const { rows } = await client.query<{ hash: string; quote: string }>({
    name: 'media_quotes_of_fact',
    text: `select file_hash as hash, quote from echo_fact_sources
           where fact = $1 and tenant_id = $2 and user_id = $3 and file_hash is not null`,
    values: [fact, owner.tenantId, owner.userId],
  });
  return new Map(rows.map(({ hash, quote }) => [hash, quote]));
}

async function insertSources(
  client: PoolClient,
  { tenantId, userId }: Owner,
  given: {
    readonly fact: number;
    readonly changeId: string;
    readonly pictured: PicturedFact;
    readonly sources: readonly PictureSource[];
  },
): Promise<void> {
  const { fact, changeId, pictured, sources } = given;
  await client.query({
    name: 'insert_media_sources',
    text: `insert into echo_fact_sources (tenant_id, user_id, source_id, fact, added_by, file_hash, quote, starts_at, ends_at,
             said_at, origin, confidence, statement, subject, object, category)
           select $1, $2, gen_random_uuid(), $3, $4, s.hash, s.quote, 0, char_length(s.quote), s.at, 'RULES', $5, $6, $7, $8, $9
           from unnest($10::text[], $11::text[], $12::timestamptz[]) s(hash, quote, at)
           on conflict (fact, file_hash) where file_hash is not null do nothing`,
    values: [
      ...[tenantId, userId, fact, changeId, pictured.confidence],
      ...[pictured.statement, pictured.subject, pictured.object, pictured.category],
      sources.map(({ fileHash }) => fileHash),
      sources.map(({ quote }) => quote),
      sources.map(({ takenAt }) => takenAt),
    ],
  });
}

async function requote(
  client: PoolClient,
  { tenantId, userId }: Owner,
  fact: number,
  fileHash: string,
  quote: string,
): Promise<void> {
  await client.query({
    name: 'requote_media_source',
    text: `update echo_fact_sources set quote = $5, ends_at = char_length($5)
           where fact = $1 and file_hash = $4 and tenant_id = $2 and user_id = $3`,
    values: [fact, tenantId, userId, fileHash, quote],
  });
}

/** @param hashes contents of pictures; null: all */
async function removeSources(
  client: PoolClient,
  owner: Owner,
  fact: number,
  hashes: readonly string[] | null,
): Promise<void> {
  await client.query({
    name: 'remove_media_sources',
    text: `delete from echo_fact_sources where fact = $1 and tenant_id = $2 and user_id = $3
             and file_hash is not null and ($4::text[] is null or file_hash = any($4))`,
    values: [fact, owner.tenantId, owner.userId, hashes],
  });
  await withoutSources(client, owner, [fact]);
}
