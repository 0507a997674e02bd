import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Config } from '../../config.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { foldLetters } from '../../ground/letters.ts';
import { forgetFactsOfMedia } from '../facts/forget.ts';
import { removeKeptFiles } from './kept-files.ts';
import { lockMedia } from './owners.ts';
import { removePaired } from './pairs.ts';
import { insightsByHash } from './reads.ts';
import { type MediaInsightRow, mediaInsights } from './tables.ts';
import { TERMS_VERSION, termsOf } from './terms.ts';
import { removeThumbnails } from './thumbnails.ts';

export interface MediaServices {
  readonly db: Database;
  readonly config: Pick<Config, 'dataDirectory'>;
}

/** Tags that persons may give to one insight. */
export const MAX_TAGS = 100;
/** Characters of one. */
export const MAX_TAG_LENGTH = 100;
const FILE_HASH = /^[0-9a-f]{64}$/;

export const tag = z
  .string({ error: 'must be text' })
  // The same word is one tag, however its accents are written.
  .transform((value) => value.normalize('NFC').trim())
  .pipe(
    input.text(MAX_TAG_LENGTH).refine((value) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(value), {
      error: 'must not contain control characters',
    }),
  );
const tags = z.array(tag).max(MAX_TAGS, { error: `must have at most ${MAX_TAGS} tags` });
const Tagging = z.object({ add: tags.nullish(), remove: tags.nullish() });

/**
 * Gives tags to an insight, or takes them away: those of persons only, what rules and models say stays. A tag that it has
 * already, in whatever case, stays as it is written.
 *
 * @throws InvalidInput, NotFound
 */
export async function tagMedia(
  { db }: MediaServices,
  owner: Owner,
  fileHash: string,
  given: z.input<typeof Tagging>,
): Promise<MediaInsightRow> {
  const { add, remove } = input.parseInput(Tagging, given);
  if (!add?.length && !remove?.length) throw new InvalidInput('input', 'names no tag in add or remove');
  return db.transaction(async (client) => {
    await lockMedia(client, owner);
    const insight = await insightOf(client, owner, fileHash, 'fileHash');
    const gone = new Set((remove ?? []).map(keyOf));
    const kept = new Map(
      insight.tags.filter((each) => !gone.has(keyOf(each))).map((each) => [keyOf(each), each]),
    );
    for (const each of add ?? []) if (!kept.has(keyOf(each))) kept.set(keyOf(each), each);
    if (kept.size > MAX_TAGS)
      throw new InvalidInput(
        'add',
        `an insight has at most ${MAX_TAGS} tags of persons, would have ${kept.size}`,
      );
    const tagged = { ...insight, tags: [...kept.values()] };
    const changed = await client.query<RawRow>({
      name: 'tag_media',
      text: `update echo_media_insights set tags = $2, search_terms = $3, terms_version = $4, updated_at = now()
             where id = $1 and user_id = $5 and tenant_id = $6 returning *`,
      values: [insight.id, tagged.tags, termsOf(tagged), TERMS_VERSION, owner.userId, owner.tenantId],
    });
    return mapRow(mediaInsights, onlyRow(changed));
  });
}

/** Says whether something was learned of it. @throws InvalidInput, NotFound */
export async function markMediaLearned(
  { db }: MediaServices,
  owner: Owner,
  fileHash: string,
  learned: boolean,
): Promise<MediaInsightRow> {
  const { rows } = await db.pool.query<RawRow>({
    name: 'mark_media_learned',
    text: `update echo_media_insights set learned_by_echo = $4, updated_at = now()
           where file_hash = $1 and user_id = $2 and tenant_id = $3 returning *`,
    values: [parseFileHash(fileHash, 'fileHash'), owner.userId, owner.tenantId, learned],
  });
  if (!rows[0]) throw noInsight(fileHash, 'fileHash');
  return mapRow(mediaInsights, rows[0]);
}

/**
 * Forgets all that is known of one content: its insight, its files as rows, its thumbnails, and that facts have it as a source. The files themselves are never
 * touched; if they are indexed again, they are new.
 *
 * @returns what was forgotten
 * @throws InvalidInput, NotFound
 */
export async function forgetMedia(
  { db, config }: MediaServices,
  owner: Owner,
  fileHash: string,
): Promise<MediaInsightRow> {
  const forgotten = await db.transaction(async (client) => {
    await lockMedia(client, owner);
    const insight = await insightOf(client, owner, fileHash, 'fileHash');
    await forgetFactsOfMedia(client, owner, [insight.fileHash]);
    await client.query({
      name: 'forget_media_files',
      text: 'delete from echo_media_files where file_hash = $1 and user_id = $2 and tenant_id = $3',
      values: [insight.fileHash, owner.userId, owner.tenantId],
    });
    await removePaired(client, insight, async () => {
      await client.query({
        name: 'forget_media',
        text: 'delete from echo_media_insights where id = $1 and user_id = $2 and tenant_id = $3',
        values: [insight.id, owner.userId, owner.tenantId],
      });
    });
    return insight;
  });
  await removeThumbnails(config.dataDirectory, owner, forgotten.fileHash);
  await removeKeptFiles(config.dataDirectory, owner, forgotten.fileHash);
  return forgotten;
}

/** The hash of a content, as it is written in rows. @throws InvalidInput for what is none, so that no statement is run for it */
export function parseFileHash(text: string, field: string): string {
  const hash = text.toLowerCase();
  if (!FILE_HASH.test(hash)) throw new InvalidInput(field, 'must be a SHA-256 of 64 hexadecimal digits');
  return hash;
}

async function insightOf(
  client: PoolClient,
  owner: Owner,
  fileHash: string,
  field: string,
): Promise<MediaInsightRow> {
  const [insight] = await insightsByHash({ pool: client as never }, owner, [parseFileHash(fileHash, field)]);
  if (!insight) throw noInsight(fileHash, field);
  return insight;
}

function noInsight(fileHash: string, field: string): NotFound {
  return new NotFound(field, `there is no insight of "${fileHash.toLowerCase()}"`);
}

function keyOf(value: string): string {
  return foldLetters(value.toLowerCase());
}
